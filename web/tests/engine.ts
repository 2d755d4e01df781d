/* engine.ts: the real engine in Node, for tests: the same binding the page's worker uses, without the worker. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WasmHandle } from '../src/engine/binding';
import { BaseEngine, EngineDied } from '../src/engine/engine';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const WASM = at('../../build/web/lookaside.wasm');
export const built = existsSync(WASM);

export async function handle(): Promise<WasmHandle> {
  return WasmHandle.create(await WebAssembly.compile(readFileSync(WASM)));
}

/** An engine that can be told to die, as a worker does when the module traps. */
export class NodeEngine extends BaseEngine {
  readonly name = 'WebAssembly in Node';
  dead = false;
  requests: string[] = [];

  private constructor(private readonly handle: WasmHandle) {
    super();
  }

  static async open(): Promise<NodeEngine> {
    return new NodeEngine(await handle());
  }

  protected async transmit(json: string): Promise<string> {
    await Promise.resolve();
    if (this.dead) throw new EngineDied('The engine stopped: unreachable', 'Restart it; your text is kept.');
    this.requests.push((JSON.parse(json) as { op: string }).op);
    return this.handle.request(json);
  }

  close(): void {
    this.dead = true;
  }
}

/** The lessons of this repository: path and text. */
export function lessons(): { path: string; text: string }[] {
  const root = at('../../scenarios');
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md')).sort();
  return paths.map((path) => ({ path, text: readFileSync(`${root}/${path}`, 'utf8') }));
}

/** A small machine and a program of six statements with a question, a loop, a printed line and a double free. */
export const LESSON = readFileSync(at('./lesson.md'), 'utf8');

/** Three CPUs, threads that lose an update, an interrupt handler. */
export const PERCPU = readFileSync(at('./percpu.md'), 'utf8');
