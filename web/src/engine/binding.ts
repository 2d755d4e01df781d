/*
 * binding.ts: lookaside.wasm as functions. Runs in a worker, and in Node for tests.
 *
 *     JavaScript                                   the module (web/wasm/bridge.c)
 *     ──────────                                   ─────────────────────────────
 *     instantiate, _initialize()              ──>  C start-up
 *     la_wasm_new()                           ──>  a handle; several engines live side by side
 *     p = la_wasm_alloc(n), write UTF-8 there ──>  the request
 *     q = la_wasm_request(h, p, n)            ──>  la_request(); n = la_wasm_reply_len(h)
 *     read [q, q+n), la_wasm_free(p)          <──  the reply, valid until the next request to h
 *
 * Memory may grow inside any call and then detaches every view of it, so views are made anew after each call.
 */
interface Exports {
  memory: WebAssembly.Memory;
  _initialize?: () => void;
  la_wasm_alloc(bytes: number): number;
  la_wasm_free(ptr: number): void;
  la_wasm_new(): number;
  la_wasm_delete(handle: number): void;
  la_wasm_request(handle: number, ptr: number, bytes: number): number;
  la_wasm_reply_len(handle: number): number;
}

const EBADF = 8;

/** What the C library asks of its host, although the engine does no input or output. */
function hostImports(module: WebAssembly.Module): WebAssembly.Imports {
  const imports: Record<string, Record<string, () => number>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = from === 'wasi_snapshot_preview1' ? () => EBADF : () => 0;
  }
  return imports;
}

export class WasmHandle {
  readonly #exports: Exports;
  readonly #handle: number;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();

  private constructor(exports: Exports) {
    this.#exports = exports;
    this.#handle = exports.la_wasm_new();
    if (!this.#handle) throw new Error('There is not enough memory for a machine.');
  }

  /** A new engine in a new instance of the module. Rejects when the module does not fit this page. */
  static async create(module: WebAssembly.Module): Promise<WasmHandle> {
    const instance = await WebAssembly.instantiate(module, hostImports(module));
    const exports = instance.exports as unknown as Exports;
    exports._initialize?.();
    return new WasmHandle(exports);
  }

  /** One request, one reply, both JSON. Throws when the module traps; it must not be used again then. */
  request(json: string): string {
    const bytes = this.#encoder.encode(json);
    const ptr = this.#exports.la_wasm_alloc(bytes.length);
    if (!ptr) throw new Error('There is not enough memory for the request.');
    new Uint8Array(this.#exports.memory.buffer, ptr, bytes.length).set(bytes);
    const reply = this.#exports.la_wasm_request(this.#handle, ptr, bytes.length);
    const length = this.#exports.la_wasm_reply_len(this.#handle);
    const text = reply ? this.#decoder.decode(new Uint8Array(this.#exports.memory.buffer, reply, length)) : '';
    this.#exports.la_wasm_free(ptr);
    if (!reply) throw new Error('There is not enough memory for the reply.');
    return text;
  }

  free(): void {
    this.#exports.la_wasm_delete(this.#handle);
  }
}
