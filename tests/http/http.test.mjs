// The server as a client sees it: every route, every refusal, streams, and a clean end.

import assert from 'node:assert/strict';
import net from 'node:net';
import { symlinkSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { LESSON, folder, run, startServer } from './support.mjs';

const NO_NONCE = '0'.repeat(32);
const PAGE = `<!doctype html><meta name="csp-nonce" content="${NO_NONCE}"><title>Lookaside</title>`;
const STYLE = 'p { color: inherit }\n'.repeat(200);

let server, files;

before(async () => {
  files = folder({
    'secret.txt': 'nobody may read this',
    'site/index.html': PAGE,
    'site/style.css': STYLE,
    'site/assets/app-1234.js': 'export {};',
    'site/engine.wasm': '\0asm\x01\0\0\0',
    'site/.hidden': 'nobody may read this',
    'site/odd.bin': 'x',
    'lessons/02-zones/01-three.md': 'No heading here.\n',
    'lessons/01-pages/02-more.md': '# More pages\n',
    'lessons/01-pages/01-first.md': LESSON,
    'lessons/notes.txt': 'not a lesson',
  });
  symlinkSync('../secret.txt', files.file('site/link.txt'));
  server = await startServer('--site', files.file('site'), '--lessons', files.file('lessons'));
});

after(async () => {
  assert.equal(await server.stop(), 0);
  files.remove();
});

/** Send bytes as they are; resolves to everything that came back. */
function raw(text, { end = true } = {}) {
  return new Promise((done, fail) => {
    const socket = net.connect(server.port, '127.0.0.1', () => (end ? socket.end(text) : socket.write(text)));
    let reply = '';
    socket.setEncoding('utf8').on('data', (chunk) => (reply += chunk));
    socket.on('error', fail);
    socket.on('close', () => done(reply));
  });
}

describe('every reply', () => {
  test('carries a strict content policy and is not sniffed', async () => {
    for (const path of ['/', '/api/v1/status', '/nothing']) {
      const { headers } = await server.get(path);
      const policy = headers['content-security-policy'];
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /script-src 'self' 'wasm-unsafe-eval';/);
      assert.match(policy, /frame-ancestors 'self'$/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
    }
  });

  test('may be framed by others only when asked to be embedded', async () => {
    const { headers } = await server.get('/?embed');
    assert.match(headers['content-security-policy'], /frame-ancestors \*$/);
  });

  test('that is an error is JSON with code, message and hint', async () => {
    const reply = await server.get('/api/v1/nothing');
    assert.equal(reply.status, 404);
    assert.equal(reply.headers['content-type'], 'application/json');
    assert.deepEqual(Object.keys(reply.json()), ['code', 'message', 'hint']);
  });
});

describe('the page', () => {
  test('is served at / with the type of each part', async () => {
    const page = await server.get('/');
    assert.equal(page.status, 200);
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.equal((await server.get('/style.css')).headers['cache-control'], 'no-cache');
    assert.equal((await server.get('/engine.wasm')).headers['content-type'], 'application/wasm');
    assert.equal((await server.get('/odd.bin')).headers['content-type'], 'application/octet-stream');
  });

  test('carries a new nonce in every reply, and no style is allowed without it', async () => {
    const nonces = [];
    for (let i = 0; i < 2; i++) {
      const page = await server.get('/');
      const [, nonce] = /style-src 'self' 'nonce-([0-9a-f]{32})';/.exec(page.headers['content-security-policy']);
      assert.equal(page.text, PAGE.replace(NO_NONCE, nonce));
      nonces.push(nonce);
    }
    assert.notEqual(nonces[0], nonces[1]);
    assert.match((await server.get('/style.css')).headers['content-security-policy'], /style-src 'self';/);
  });

  test('lets files with a hash in their name be kept for ever', async () => {
    const script = await server.get('/assets/app-1234.js');
    assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8');
    assert.match(script.headers['cache-control'], /immutable/);
  });

  test('answers a known ETag with 304 and no body', async () => {
    const { headers } = await server.get('/style.css');
    const again = await server.get('/style.css', { 'If-None-Match': headers.etag });
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
  });

  test('goes compressed to those who take gzip, and only to those', async () => {
    const zipped = await server.get('/style.css', { 'Accept-Encoding': 'br, gzip;q=0.8' });
    assert.equal(zipped.headers['content-encoding'], 'gzip');
    assert.equal(gunzipSync(zipped.body).toString(), STYLE);
    for (const not of ['gzip;q=0', 'gzip;q=0.0, br', 'xgzip', 'identity'])
      assert.equal((await server.get('/style.css', { 'Accept-Encoding': not })).headers['content-encoding'], undefined, not);
  });

  test('answers HEAD like GET without the body', async () => {
    const head = await server.ask('HEAD', '/');
    assert.equal(head.status, 200);
    assert.equal(head.headers['content-length'], String(PAGE.length));
    assert.equal(head.body.length, 0);
  });

  test('cannot be used to read files outside its folder', async () => {
    const paths = [
      '/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/assets/../../secret.txt', '/./index.html',
      '//etc/passwd', '/assets/%2e%2e/%2e%2e/secret.txt', '/..%5csecret.txt', '/.hidden', '/link.txt', '/assets', '/assets/',
      '/api/v1/lessons/../../secret.txt', '/api/v1/lessons/%2e%2e/site/index.html', '/api/v1/lessons/notes.txt',
    ];
    for (const path of paths) {
      const reply = await raw(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`);
      assert.match(reply, /^HTTP\/1\.1 404 /, path);
      assert.doesNotMatch(reply, /nobody may read|root:/, path);
    }
  });
});

describe('what is refused', () => {
  test('a method that an address does not know: 405 with those it does', async () => {
    const wrong = await server.ask('DELETE', '/api/v1/status');
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.allow, 'GET');
    const session = await server.session();
    assert.equal((await server.ask('PUT', session.path)).headers.allow, 'POST, DELETE');
    assert.equal((await server.ask('POST', '/')).status, 405);
  });

  test('a Host that is not this machine: 403', async () => {
    for (const host of ['evil.example', `evil.example:${server.port}`, '127.0.0.1', '127.0.0.1:1', `127.0.0.1.evil.example:${server.port}`])
      assert.equal((await server.get('/api/v1/status', { Host: host })).status, 403, host);
    for (const host of [`localhost:${server.port}`, `[::1]:${server.port}`, `LOCALHOST:${server.port}`])
      assert.equal((await server.get('/api/v1/status', { Host: host })).status, 200, host);
  });

  test('no Host at all: 400', async () => {
    assert.match(await raw('GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.\d 400 /);
  });

  test('a change asked for by the page of another site: 403', async () => {
    for (const Origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', `http://127.0.0.1:${server.port}.evil.example`])
      assert.equal((await server.post('/api/v1/sessions', '', { Origin })).status, 403, Origin);
    assert.equal((await server.post('/api/v1/sessions', '', { 'Sec-Fetch-Site': 'cross-site' })).status, 403);
    assert.equal((await server.post('/api/v1/sessions', '', { Origin: `http://localhost:${server.port}` })).status, 201);
  });

  test('a body that is missing: 400', async () => {
    const session = await server.session();
    const reply = await server.post(session.path, '');
    assert.equal(reply.status, 400);
    assert.equal(reply.json().code, 'empty');
  });

  test('a body that is too large: 413, announced or not', async () => {
    const session = await server.session();
    const announced = await raw(
      `POST ${session.path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 16777217\r\n\r\n`,
      { end: false },
    );
    assert.match(announced, /^HTTP\/1\.1 413 /);
    const surprise = await server.ask('POST', session.path, {
      headers: { 'Transfer-Encoding': 'chunked' },
      body: Buffer.alloc(16 * 1024 * 1024 + 1, ' '),
    });
    assert.equal(surprise.status, 413);
    assert.equal((await session.request({ op: 'hello' })).ok, true);
  });

  test('header lines without end, and bytes that are no HTTP', async () => {
    assert.match(await raw(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nX: ${'y'.repeat(40000)}\r\n\r\n`), /^HTTP\/1\.1 4(31|14) /);
    await raw('\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03');
    assert.equal((await server.get('/api/v1/status')).status, 200);
  });
});

describe('lessons', () => {
  test('are listed in order, with titles', async () => {
    const { lessons } = (await server.get('/api/v1/lessons')).json();
    assert.deepEqual(lessons, [
      { path: '01-pages/01-first.md', title: 'A page and back' },
      { path: '01-pages/02-more.md', title: 'More pages' },
      { path: '02-zones/01-three.md', title: '02-zones/01-three.md' },
    ]);
  });

  test('are served as Markdown', async () => {
    const lesson = await server.get('/api/v1/lessons/01-pages/01-first.md');
    assert.equal(lesson.status, 200);
    assert.equal(lesson.text, LESSON);
    assert.equal(lesson.headers['content-type'], 'text/markdown; charset=utf-8');
    assert.equal((await server.get('/api/v1/lessons/01-pages/03-none.md')).status, 404);
  });
});

describe('sessions', () => {
  test('answer with the bytes of the engine, also to what is not JSON', async () => {
    const session = await server.session();
    const hello = await server.post(session.path, { id: 7, op: 'hello' });
    assert.equal(hello.status, 200);
    assert.equal(hello.json().id, 7);
    assert.equal(hello.json().ok, true);
    const broken = (await server.post(session.path, '{"id":')).json();
    assert.equal(broken.ok, false);
    assert.equal(broken.error.code, 'bad-json');
    assert.equal((await session.request({ op: 'hello' })).ok, true);
  });

  test('have ids that cannot be guessed, and do not see each other', async () => {
    const [one, two] = [await server.session(), await server.session()];
    assert.match(one.path, /\/[0-9a-f]{32}$/);
    assert.notEqual(one.path, two.path);
    await one.request({ op: 'open', name: 'one.md', source: LESSON });
    await two.request({ op: 'open', name: 'two.md', source: LESSON });
    assert.equal((await one.request({ op: 'step', n: 2 })).result.position.step, 2);
    assert.equal((await two.request({ op: 'step', n: 1 })).result.position.step, 1);
  });

  test('end by DELETE', async () => {
    const session = await server.session();
    assert.equal((await server.ask('DELETE', session.path)).status, 204);
    assert.equal((await server.ask('DELETE', session.path)).status, 404);
    assert.equal((await server.post(session.path, { id: 1, op: 'hello' })).status, 404);
    assert.equal((await server.get(`${session.path}/events`)).status, 404);
  });

  test('many requests at the same time all get their own answer', async () => {
    const session = await server.session();
    const ids = Array.from({ length: 60 }, (_, i) => i + 1);
    const replies = await Promise.all(ids.map((id) => server.post(session.path, { id, op: 'hello' })));
    assert.deepEqual(replies.map((reply) => reply.json().id), ids);
  });

  test('are bounded in number; ending one makes room', async () => {
    const small = await startServer('--sessions', '2');
    const first = await small.session();
    await small.session();
    const full = await small.post('/api/v1/sessions', '');
    assert.equal(full.status, 503);
    assert.equal(full.json().code, 'too-many-sessions');
    const { sessions, sessions_max } = (await small.get('/api/v1/status')).json();
    assert.deepEqual([sessions, sessions_max], [2, 2]);
    await small.ask('DELETE', first.path);
    assert.equal((await small.post('/api/v1/sessions', '')).status, 201);
    assert.equal(await small.stop(), 0);
  });
});

describe('event streams', () => {
  /** A session with the lesson open and a stream that has seen that. */
  async function opened() {
    const session = await server.session();
    const stream = await session.events();
    await session.request({ op: 'open', name: 'a.md', source: LESSON });
    assert.equal((await stream.next()).id, '1');
    return { session, stream };
  }

  test('tell every reader what a request changed, in order', async () => {
    const { session, stream } = await opened();
    const second = await session.events();
    assert.match(stream.headers['content-type'], /^text\/event-stream/);
    const reply = await session.request({ op: 'step', n: 1, since: {} });
    for (const reader of [stream, second]) {
      const event = await reader.next();
      assert.equal(event.event, 'position');
      assert.equal(event.id, '2');
      assert.equal(event.json.op, 'step');
      assert.deepEqual(event.json.since, {});
      assert.deepEqual(event.json.position, reply.result.position);
    }
    stream.close();
    second.close();
  });

  test('say nothing about requests that change nothing', async () => {
    const { session, stream } = await opened();
    await session.request({ op: 'hello' });
    await session.request({ op: 'no-such-op' });
    await session.request({ op: 'step', n: 1 });
    assert.equal((await stream.next()).json.op, 'step');
    stream.close();
  });

  test('go on behind Last-Event-ID, by header or in the address', async () => {
    const { session, stream } = await opened();
    stream.close();
    await session.request({ op: 'step', n: 1 });
    await session.request({ op: 'step', n: 1 });
    const resumed = await session.events({ 'Last-Event-ID': '1' });
    assert.deepEqual([(await resumed.next()).id, (await resumed.next()).id], ['2', '3']);
    resumed.close();
    const other = await server.events(`${session.path}/events?last=2`);
    assert.equal((await other.next()).id, '3');
    other.close();
  });

  test('ask for a fresh start when what is missing is gone or never was', async () => {
    const { session, stream } = await opened();
    stream.close();
    const future = await session.events({ 'Last-Event-ID': '99' });
    assert.deepEqual(await future.next(), { id: '1', event: 'reset', data: '{}', json: {} });
    future.close();
    for (let i = 0; i < 300; i++) await session.request({ op: 'seek', step: i % 2 });
    const late = await session.events({ 'Last-Event-ID': '1' });
    const reset = await late.next();
    assert.equal(reset.event, 'reset');
    await session.request({ op: 'seek', step: 0 });
    assert.equal(Number((await late.next()).id), Number(reset.id) + 1);
    late.close();
  });

  test('refuse an id that is no number', async () => {
    const session = await server.session();
    for (const id of ['x', '-1', '1x', '99999999999999999999999'])
      assert.equal((await server.get(`${session.path}/events`, { 'Last-Event-ID': id })).status, 400, id);
  });

  test('end with their session', async () => {
    const { session, stream } = await opened();
    await server.ask('DELETE', session.path);
    await stream.ended;
    await assert.rejects(session.events(), /status 404/);
  });

  test('survive readers that leave without a word', async () => {
    const { session, stream } = await opened();
    const others = await Promise.all(Array.from({ length: 50 }, () => session.events()));
    others.forEach((reader) => reader.close());
    await Promise.all(others.map((reader) => reader.ended));
    for (let i = 0; i < 5; i++) await session.request({ op: 'seek', step: i % 2 });
    for (let i = 0; i < 5; i++) assert.equal((await stream.next()).id, String(i + 2));
    stream.close();
  });
});

describe('start and end', () => {
  for (const signal of ['SIGTERM', 'SIGINT'])
    test(`${signal} ends it cleanly, with streams open and idle`, async () => {
      const other = await startServer();
      const session = await other.session();
      const streams = await Promise.all(Array.from({ length: 20 }, () => session.events()));
      await session.request({ op: 'open', name: 'a.md', source: LESSON });
      await Promise.all(streams.map((stream) => stream.next()));
      assert.equal(await other.stop(signal), 0);
      await Promise.all(streams.map((stream) => stream.ended));
    });

  test('a port that is taken is a clear error', async () => {
    const { status, stdout, stderr } = await run(['serve', '--port', String(server.port)]);
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /cannot listen on 127\.0\.0\.1 port \d+.*--port/);
  });

  test('addresses and numbers that are none are refused', async () => {
    assert.match((await run(['serve', '--bind', 'nowhere', '--port', '0'])).stderr, /"nowhere" is not an IP address/);
    for (const wrong of [['--port', '65536'], ['--port', 'x'], ['--port', '-1'], ['--sessions', '0'], ['--port']])
      assert.equal((await run(['serve', ...wrong])).status, 2, wrong.join(' '));
  });
});
