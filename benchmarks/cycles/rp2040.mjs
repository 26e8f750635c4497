// Runs one call of a program on rp2040js: node rp2040.mjs MODULE MEMORIES REGISTERS STOP
//
// MODULE is rp2040js's entry, MEMORIES a list of "origin:file" with what they hold, which is replaced by what they hold
// after the call, REGISTERS a list of r0 to r15. Prints {"cycles": ..., "instructions": ..., "r0": ...}.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [module, memories, registers, stop] = process.argv.slice(2);
const { RP2040 } = await import(pathToFileURL(module));

const memory = memories.split(",").map((text) => {
  const at = text.indexOf(":");
  const file = text.slice(at + 1);
  const bytes = readFileSync(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { origin: Number(text.slice(0, at)), file, bytes, view };
});

function at(address) {
  address >>>= 0;
  for (const part of memory) {
    if (address >= part.origin && address - part.origin < part.bytes.length) {
      return [part.view, address - part.origin];
    }
  }
  throw new Error(`nothing is at 0x${address.toString(16)}`);
}

const mcu = new RP2040();
for (const bits of [8, 16, 32]) {
  mcu[`readUint${bits}`] = (address) => {
    const [view, offset] = at(address);
    return view[`getUint${bits}`](offset, true);
  };
  mcu[`writeUint${bits}`] = (address, value) => {
    const [view, offset] = at(address);
    view[`setUint${bits}`](offset, value, true);
  };
}

const core = mcu.core;
registers.split(",").forEach((value, i) => (core.registers[i] = Number(value)));
const end = Number(stop);
const before = core.cycles;
let instructions = 0;
while (core.PC !== end) {
  core.executeInstruction();
  instructions += 1;
}
for (const part of memory) {
  writeFileSync(part.file, part.bytes);
}
console.log(JSON.stringify({ cycles: core.cycles - before, instructions, r0: core.registers[0] >>> 0 }));
