/**
 * Reverse-mode differentiation at build time: for each function of a graph a forward one, which
 * also returns what it keeps, and a backward one (Griewank and Walther, Evaluating Derivatives,
 * chapter 6). Engines only ever run such graphs.
 */
import { FunctionSet } from "../function-set.ts";
import type { Graph, GraphFunction, Port } from "../graph.ts";
import { ActivityAnalysis, type ProbeChoice } from "./activity.ts";
import { BackwardWriter } from "./backward.ts";
import type { FunctionGradient, GradientRequest, Surroundings } from "./pair.ts";
import { positions } from "./positions.ts";

export interface DifferentiateOptions {
  /**
   * Inputs of the main function that gradients are wanted for; those that are not real get none.
   */
  readonly wrt: (port: Port) => boolean;
  /**
   * Results of the main function that a gradient arrives at: losses and next states unless said.
   */
  readonly cotangents?: (port: Port) => boolean;
  /**
   * Inputs among `wrt` whose gradient is returned even if it is zero everywhere: states unless
   * said.
   */
  readonly always?: (port: Port) => boolean;
  /** Whether probes of values also show their gradients, in the backward functions. */
  readonly gradientProbes?: boolean | ProbeChoice;
}

/** A graph whose main function is the forward one. */
export interface DifferentiatedGraph extends Graph {
  /** Name of the forward function of the main function: its results, then residuals. */
  readonly forward: string;
  /**
   * Name of the backward function: takes what it needs of the inputs, the residuals and one
   * cotangent for each result a gradient arrives at; returns gradients of inputs, at their paths.
   */
  readonly backward: string;
}

export function differentiate(graph: Graph, options: DifferentiateOptions): DifferentiatedGraph {
  const set = new FunctionSet(graph.functions);
  const { forward, backward } = functionGradient(graph, options, set);
  const { functions, nameOf } = set.finish([forward.name, backward.name]);
  const start = nameOf(forward.name);
  return { functions, main: start, forward: start, backward: nameOf(backward.name) };
}

/** The two halves of the main function, put with those of what it calls among others made of the graph. */
export function functionGradient(
  graph: Graph,
  options: DifferentiateOptions,
  functions: FunctionSet,
): Pick<FunctionGradient, "forward" | "backward"> {
  const main = functions.get(graph.main);
  const { always = isState, cotangents = isLossOrNext, gradientProbes = false } = options;
  const differentiator = new Differentiator(
    graph,
    typeof gradientProbes === "function" ? gradientProbes : () => gradientProbes,
    functions,
  );
  const wrt = positions(main.inputs, (port) => isReal(port) && options.wrt(port));
  const { results } = differentiator.activity.of(main, wrt);
  return differentiator.gradientOf(main, {
    active: wrt,
    cotangents: results.filter((position) => {
      const port = main.results[position];
      return port !== undefined && isReal(port) && cotangents(port);
    }),
    forced: wrt.filter((position) => {
      const port = main.inputs[position];
      return port !== undefined && always(port);
    }),
    kept: [],
    avoided: [],
    ordered: wrt,
  });
}

const isReal = (port: Port): boolean => port.value.type.kind === "real";
const isState = (port: Port): boolean => port.role === "state";
const isLossOrNext = (port: Port): boolean => port.role === "loss" || port.role === "next";

class Differentiator implements Surroundings {
  readonly activity: ActivityAnalysis;
  readonly main: string;
  readonly gradientProbes: ProbeChoice;
  /** The graph's functions and those made of them. */
  readonly functions: FunctionSet;
  readonly #gradients = new Map<string, FunctionGradient>();

  constructor(graph: Graph, gradientProbes: ProbeChoice, functions: FunctionSet) {
    this.activity = new ActivityAnalysis(graph, gradientProbes);
    this.main = graph.main;
    this.gradientProbes = gradientProbes;
    this.functions = functions;
  }

  functionOf(name: string): GraphFunction {
    return this.functions.get(name);
  }

  /** One pair for each function and request; pairs that come out the same are one. */
  gradientOf(written: GraphFunction, request: GradientRequest): FunctionGradient {
    const key = `${written.name} ${JSON.stringify(request)}`;
    const known = this.#gradients.get(key);
    if (known !== undefined) return known;
    const gradient = new BackwardWriter(this, written, request).write();
    this.#gradients.set(key, gradient);
    return gradient;
  }

  readonly define = (written: GraphFunction): GraphFunction => this.functions.define(written);
}
