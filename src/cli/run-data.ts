/** The data of a run: what the command line names, else what the run was trained on. */
import type { TrainingData } from "../runtime/training/checkpoint-record.ts";
import { type Corpus, readCorpus } from "./documents.ts";
import { InputError } from "./exit.ts";

/** A run that is read or goes on, and what its checkpoint says of its data; nothing where it was not kept. */
export interface DataOfRun {
  /** The run's folder, as the user knows it. */
  readonly shown: string;
  readonly data: TrainingData | undefined;
}

/** What `--data` and `--valid` say, as they were written. */
export interface GivenData {
  readonly data: string | undefined;
  readonly valid: string | undefined;
}

/** The names of the data that applies: `--data` replaces both of the run's, `--valid` its held-out part alone. */
export function dataNames(given: GivenData, run: DataOfRun | undefined): GivenData {
  const stored = run?.data;
  if (stored === undefined || given.data !== undefined) return given;
  return { data: stored.data, valid: given.valid ?? stored.valid };
}

/** What a checkpoint keeps of the data. */
export function keptData({ data, valid }: GivenData): TrainingData {
  return {
    ...(data === undefined ? {} : { data }),
    ...(valid === undefined ? {} : { valid }),
  };
}

/**
 * Reads the data that the command line names, or else the run's. Paths are those of the shell's folder; where the run's is not there, the
 * InputError says whose it is.
 */
export async function readRunCorpus(
  given: GivenData,
  run: DataOfRun | undefined,
  folder: string,
): Promise<Corpus> {
  const names = dataNames(given, run);
  try {
    return await readCorpus(names.data, names.valid, folder);
  } catch (error) {
    const ofRun = names.data !== given.data || names.valid !== given.valid;
    if (run === undefined || !ofRun || !(error instanceof InputError)) throw error;
    if (error.code !== "MEM0910") throw error;
    const options = [
      ...(names.data === undefined ? [] : [`--data ${names.data}`]),
      ...(names.valid === undefined ? [] : [`--valid ${names.valid}`]),
    ].join(" ");
    throw new InputError(
      `${error.message}; the training in ${run.shown} was started with ${options}`,
      "go to the folder it was started in, or name the data with --data FILE",
      error.code,
    );
  }
}

/** What a model that reads symbols of a task cannot do: read text. Undefined for a run on text, or on nobody knows what. */
export function taskOfRun({ data }: DataOfRun): string | undefined {
  return data?.data?.startsWith("task:") ? data.data : undefined;
}
