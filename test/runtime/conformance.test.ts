import { createReferenceEngine } from "../../src/runtime/reference.ts";
import { describeConformance } from "./conformance.ts";

describeConformance("The reference engine", createReferenceEngine);
