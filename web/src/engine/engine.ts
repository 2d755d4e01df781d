/*
 * engine.ts: the one interface to a machine, whatever runs it.
 *
 *     Engine                       what the page sees: request(op, params) -> result
 *       └─ BaseEngine              numbers requests, writes and reads JSON, turns error replies into EngineError
 *            ├─ WasmEngine         bytes go to a worker that holds lookaside.wasm
 *            └─ HttpEngine         bytes go to POST /api/v1/sessions/{id}
 *
 * Requests are answered in the order they were made. A request rejects with EngineError when the engine answered with
 * an error (the engine is fine and unchanged) and with EngineDied when there is no engine any more.
 */
import type { LaError, Op, Params, Position, Reply, Result } from '../protocol/types';

/** The engine understood and refused. Its words are made for people. */
export class EngineError extends Error {
  constructor(readonly detail: LaError) {
    super(detail.message);
    this.name = 'EngineError';
  }
}

/** The engine is gone: trapped, out of memory, or the server does not answer. A new one is needed. */
export class EngineDied extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
    this.name = 'EngineDied';
  }
}

export interface Engine {
  /** "WebAssembly" or "native server", for people. */
  readonly name: string;
  /** Ask the engine. Resolves with the result; rejects with EngineError or EngineDied. */
  request<O extends Op>(op: O, params?: Params<O>): Promise<Result<O>>;
  /** Be told when somebody else moved this machine (another tab on the same session). Returns how to stop. */
  onMoved(listener: (position: Position) => void): () => void;
  /** Give back what the engine holds. Requests made later reject with EngineDied. */
  close(): void;
}

/** What engines have in common; a subclass only moves bytes. */
export abstract class BaseEngine implements Engine {
  abstract readonly name: string;
  #lastId = 0;

  /** Send one request's JSON, resolve with the reply's JSON. Rejects with EngineDied only. */
  protected abstract transmit(json: string): Promise<string>;
  abstract close(): void;

  onMoved(_listener: (position: Position) => void): () => void {
    return () => {};
  }

  async request<O extends Op>(op: O, params?: Params<O>): Promise<Result<O>> {
    const id = ++this.#lastId;
    const text = await this.transmit(JSON.stringify({ id, op, ...params }));
    const reply = readReply(text);
    if (!reply.ok) throw new EngineError(reply.error);
    return reply.result as unknown as Result<O>;
  }
}

function readReply(text: string): Reply {
  try {
    const reply = JSON.parse(text) as Reply;
    if (typeof reply === 'object' && reply !== null && 'ok' in reply) return reply;
  } catch {
    // Falls through: whatever answered is no engine.
  }
  throw new EngineDied('The engine answered with something that is not a reply.', 'Restart it; your text is kept.');
}
