// What the tests of the program share: start it, talk to it over raw HTTP, stop it.
//
// LOOKASIDE names the program; by default it is the one that `make native` builds.

import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const program = process.env.LOOKASIDE ?? join(root, 'build/lookaside');

/** A lesson that works on the smallest machine, with two statements. */
export const LESSON = `# A page and back

\`\`\`json machine
{"profile": "slide", "memory": "256K", "zones": {"NORMAL": "256K"}, "reserved": "0", "min_free_kbytes": 0, "pcp": false, "cpus": 1}
\`\`\`

\`\`\`c
struct page *one = alloc_page(GFP_KERNEL);
__free_page(one);
\`\`\`
`;

/** Run the program to its end. Resolves to { status, stdout, stderr }. */
export function run(args, input = '') {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', fail);
    child.on('close', (status, signal) => done({ status: status ?? signal, stdout, stderr }));
    child.stdin.on('error', () => {}); // it may end before it has read everything
    child.stdin.end(input);
  });
}

/** A fresh folder with the given files ({ path: content }); removed by calling .remove(). */
export function folder(files) {
  const path = mkdtempSync(join(tmpdir(), 'lookaside-test-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return { path, file: (name) => join(path, name), remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Start `serve` on a free port. The returned object asks it things and stops it. */
export function startServer(...args) {
  return new Promise((done, fail) => {
    const child = spawn(program, ['serve', '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise((end) => child.on('close', (status, signal) => end(status ?? signal)));
    let stdout = '';
    let stderr = '';
    child.on('error', fail);
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    ended.then((status) => fail(new Error(`the server ended with ${status}: ${stderr}`)));
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      const port = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(stdout)?.[1];
      if (port) done(new Server(child, Number(port), ended));
    });
  });
}

class Server {
  constructor(child, port, ended) {
    this.child = child;
    this.port = port;
    this.ended = ended;
  }

  /** One request on its own connection; resolves to { status, headers, body: Buffer, text, json() }. */
  ask(method, path, { headers = {}, body } = {}) {
    return new Promise((done, fail) => {
      const request = http.request(
        { host: '127.0.0.1', port: this.port, method, path, headers: { Connection: 'close', ...headers }, agent: false },
        (response) => {
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('error', fail);
          response.on('end', () => {
            const bytes = Buffer.concat(chunks);
            const text = bytes.toString('utf8');
            done({ status: response.statusCode, headers: response.headers, body: bytes, text, json: () => JSON.parse(text) });
          });
        },
      );
      request.on('error', fail);
      request.end(body);
    });
  }

  get(path, headers) {
    return this.ask('GET', path, { headers });
  }

  post(path, body, headers) {
    return this.ask('POST', path, { headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  }

  /** A new session; its request(), events() and path. */
  async session() {
    const reply = await this.post('/api/v1/sessions', '');
    if (reply.status !== 201) throw new Error(`no session: ${reply.status} ${reply.text}`);
    const path = `/api/v1/sessions/${reply.json().session}`;
    return {
      path,
      request: async (request) => (await this.post(path, { id: 1, ...request })).json(),
      events: (headers) => this.events(`${path}/events`, headers),
    };
  }

  /** Open an event stream: { next() → the next event, ended, close() }. */
  events(path, headers = {}) {
    return new Promise((done, fail) => {
      const request = http.get({ host: '127.0.0.1', port: this.port, path, headers, agent: false }, (response) => {
        if (response.statusCode !== 200) {
          response.resume();
          fail(new Error(`status ${response.statusCode}`));
          return;
        }
        const reader = new EventReader(response);
        reader.close = () => request.destroy();
        done(reader);
      });
      request.on('error', (error) => fail(error));
    });
  }

  /** Ask it to stop; resolves to its exit status. */
  stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    return this.ended;
  }
}

class EventReader {
  constructor(response) {
    this.headers = response.headers;
    this.queue = [];
    this.waiting = [];
    let buffer = '';
    this.ended = new Promise((end) => response.on('close', end));
    this.ended.then(() => this.waiting.splice(0).forEach((take) => take(null)));
    response.on('error', () => {});
    response.setEncoding('utf8').on('data', (text) => {
      buffer += text;
      for (let at; (at = buffer.indexOf('\n\n')) >= 0; buffer = buffer.slice(at + 2)) this.take(buffer.slice(0, at));
    });
  }

  take(block) {
    const event = {};
    for (const line of block.split('\n')) {
      const [, key, value] = /^([a-z]*): ?(.*)$/.exec(line) ?? [];
      if (key) event[key] = value;
    }
    if (event.data === undefined) return; // a comment or `retry`
    event.json = JSON.parse(event.data);
    const waiting = this.waiting.shift();
    if (waiting) waiting(event);
    else this.queue.push(event);
  }

  next() {
    if (this.queue.length) return Promise.resolve(this.queue.shift());
    return new Promise((done) => this.waiting.push(done));
  }
}
