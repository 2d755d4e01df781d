/* route.ts: what the fragment of the address asks for: #lesson=PATH, #lessons, #s=DATA, or nothing. */
export type Route = { page: 'lesson'; path?: string } | { page: 'lessons' } | { page: 'shared'; data: string };

export function parseRoute(fragment: string): Route {
  const text = fragment.replace(/^#/, '');
  if (text === 'lessons') return { page: 'lessons' };
  if (text.startsWith('s=')) return { page: 'shared', data: text.slice(2) };
  if (text.startsWith('lesson=')) return { page: 'lesson', path: decode(text.slice(7)) };
  return { page: 'lesson' };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function lessonHref(path: string): string {
  return `#lesson=${path.split('/').map(encodeURIComponent).join('/')}`;
}
