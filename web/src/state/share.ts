/*
 * share.ts: a whole situation in a link, without a server.
 *
 *     {lesson or its path, choices, step, view, hash} ──JSON──deflate-raw──base64url──> #s=…
 *
 * The fragment never leaves the browser. The hash is that of the machine at the step: whoever opens the link replays
 * and compares, so a link made by another version is noticed and not silently wrong.
 */
import type { Choice } from '../protocol/types';

export interface Shared {
  v: 1;
  /** Path of the lesson; absent for a lesson that is nowhere but here. */
  path?: string;
  /** Its text, if it was edited or has no path. */
  source?: string;
  choices: Choice[];
  step: number;
  view: string;
  hash: string;
}

async function pump(bytes: Uint8Array<ArrayBuffer>, through: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(through);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function toBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

export async function encodeShare(shared: Shared): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(shared));
  return toBase64Url(await pump(bytes, new CompressionStream('deflate-raw')));
}

function isChoice(value: unknown): value is Choice {
  const choice = value as Choice;
  return typeof choice === 'object' && choice !== null && Number.isInteger(choice.step) && typeof choice.text === 'string';
}

/** What a link says; null when it was cut off or is not ours. Never throws. */
export async function decodeShare(text: string): Promise<Shared | null> {
  try {
    const bytes = await pump(fromBase64Url(text), new DecompressionStream('deflate-raw'));
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Shared>;
    const hasLesson = typeof value.source === 'string' || typeof value.path === 'string';
    const whole = value.v === 1 && hasLesson && Number.isInteger(value.step) && (value.step as number) >= 0;
    if (!whole || !Array.isArray(value.choices) || !value.choices.every(isChoice)) return null;
    return { ...(value as Shared), view: String(value.view ?? ''), hash: String(value.hash ?? '') };
  } catch {
    return null;
  }
}
