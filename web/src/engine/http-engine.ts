/*
 * http-engine.ts: the native engine behind the server: one session, the same JSON.
 *
 * Requests go out one after the other, because the server's answers must come in the order they were asked for. The
 * session's event stream tells what others do to the same machine.
 */
import type { Position } from '../protocol/types';
import { BaseEngine, EngineDied } from './engine';

const API = 'api/v1';
const HINT = 'Look whether the server still runs, then restart; your text is kept.';

async function post(path: string, body: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(path, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  } catch {
    throw new EngineDied('The server does not answer.', HINT);
  }
  const text = await response.text();
  if (!response.ok) {
    throw new EngineDied(serverMessage(text) ?? `The server answered ${response.status}.`, HINT);
  }
  return text;
}

/** The message of the server's own error object, if that is what came. */
function serverMessage(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as { message?: string; error?: { message?: string } };
    return body.message ?? body.error?.message;
  } catch {
    return undefined;
  }
}

export class HttpEngine extends BaseEngine {
  readonly name = 'native server';
  readonly #session: string;
  #line: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(session: string) {
    super();
    this.#session = `${API}/sessions/${session}`;
  }

  /** Start a session. Rejects with EngineDied when there is no server or no room. */
  static async open(): Promise<HttpEngine> {
    const { session } = JSON.parse(await post(`${API}/sessions`, '')) as { session: string };
    return new HttpEngine(session);
  }

  protected transmit(json: string): Promise<string> {
    if (this.#closed) return Promise.reject(new EngineDied('The session was closed.', HINT));
    const answer = this.#line.then(() => post(this.#session, json));
    this.#line = answer.catch(() => {});
    return answer;
  }

  override onMoved(listener: (position: Position) => void): () => void {
    const stream = new EventSource(`${this.#session}/events`);
    stream.addEventListener('position', (event: MessageEvent<string>) => {
      listener((JSON.parse(event.data) as { position: Position }).position);
    });
    return () => stream.close();
  }

  close(): void {
    this.#closed = true;
    void fetch(this.#session, { method: 'DELETE', keepalive: true }).catch(() => {});
  }
}
