// The WebAssembly engine in Node, by the same few calls as the page's worker (see web/wasm/bridge.c).

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const bytes = (text) => encoder.encode(text);

export class Engine {
  static async create(module) {
    const { exports } = await WebAssembly.instantiate(module, { env: { emscripten_notify_memory_growth() {} } });
    exports._initialize();
    return new Engine(exports);
  }

  constructor(exports) {
    this.exports = exports;
    this.memory = exports.memory;
    this.handle = exports.la_wasm_new();
    if (!this.handle) throw new Error('no memory for an engine');
  }

  /** Another engine in the same module. */
  sibling() {
    return new Engine(this.exports);
  }

  request(text) {
    return this.requestBytes(bytes(text));
  }

  requestBytes(input) {
    const { la_wasm_alloc, la_wasm_free, la_wasm_request, la_wasm_reply_len } = this.exports;
    const from = la_wasm_alloc(input.length);
    if (!from) throw new Error('no memory for a request');
    new Uint8Array(this.memory.buffer, from, input.length).set(input);
    const reply = la_wasm_request(this.handle, from, input.length);
    // Memory may have grown, so the view is a new one.
    const text = decoder.decode(new Uint8Array(this.memory.buffer, reply, la_wasm_reply_len(this.handle)));
    la_wasm_free(from);
    return text;
  }

  delete() {
    this.exports.la_wasm_delete(this.handle);
    this.handle = 0;
  }
}
