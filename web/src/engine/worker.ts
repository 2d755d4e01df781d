/* worker.ts: one engine on a thread of its own, so that the page stays smooth while a machine works. */
import { WasmHandle } from './binding';

/** To the worker: first the compiled module, then requests. */
export type ToWorker = { module: WebAssembly.Module } | { json: string };
/** From the worker: an answer to each request in order; `died` answers this and everything later. */
export type FromWorker = { reply: string } | { died: string };

let engine: Promise<WasmHandle> | undefined;

async function answer(message: ToWorker): Promise<FromWorker | null> {
  if ('module' in message) {
    engine = WasmHandle.create(message.module);
    await engine;
    return null;
  }
  if (!engine) throw new Error('A request came before the module.');
  return { reply: (await engine).request(message.json) };
}

// Promises keep the order: each message waits for the one before it.
let line: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  line = line.then(async () => {
    try {
      const out = await answer(data);
      if (out) self.postMessage(out);
    } catch (error) {
      self.postMessage({ died: error instanceof Error ? error.message : String(error) } satisfies FromWorker);
    }
  });
};
