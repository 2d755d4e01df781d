/* wasm-engine.ts: the engine in this browser, in a worker. The module is compiled once for the whole page. */
import address from 'virtual:engine';
import { BaseEngine, EngineDied } from './engine';
import type { FromWorker, ToWorker } from './worker';

const HINT = 'Restart it; your text is kept. If it happens again, the lesson asks for more memory than this browser gives.';

let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  if (!address) throw new EngineDied('This page was built without its WebAssembly engine.', 'Run `make` and reload.');
  const response = await fetch(address);
  if (!response.ok) throw new EngineDied(`The engine could not be loaded (${response.status}).`, 'Reload the page.');
  return WebAssembly.compile(await response.arrayBuffer());
}

interface Waiting {
  resolve(text: string): void;
  reject(reason: EngineDied): void;
}

export class WasmEngine extends BaseEngine {
  readonly name = 'WebAssembly';
  readonly #worker: Worker;
  #waiting: Waiting[] = [];
  #dead: EngineDied | null = null;

  private constructor(module: WebAssembly.Module) {
    super();
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    this.#worker.onerror = (event) => this.#die(event.message || 'The worker could not be started.');
    this.#worker.postMessage({ module } satisfies ToWorker);
  }

  /** Rejects with EngineDied when the module cannot be had. */
  static async open(): Promise<WasmEngine> {
    compiled ??= compile();
    try {
      return new WasmEngine(await compiled);
    } catch (error) {
      compiled = undefined;
      throw error instanceof EngineDied ? error : new EngineDied(String(error), 'Use a current browser, or ?engine=server.');
    }
  }

  protected transmit(json: string): Promise<string> {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage({ json } satisfies ToWorker);
    });
  }

  close(): void {
    this.#die('The engine was closed.');
  }

  #receive(message: FromWorker): void {
    if ('died' in message) this.#die(message.died);
    else this.#waiting.shift()?.resolve(message.reply);
  }

  #die(why: string): void {
    this.#dead ??= new EngineDied(`The engine stopped: ${why}`, HINT);
    this.#worker.terminate();
    for (const waiting of this.#waiting) waiting.reject(this.#dead);
    this.#waiting = [];
  }
}
