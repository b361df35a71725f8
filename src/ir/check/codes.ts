/** MEM0100 to MEM0599: what can be wrong with the meaning of a spec. */
export type CheckCode = `MEM0${string}`;
