/*
 * catalog.ts: which lessons there are.
 *
 * They are bundled with the page at build time, so a static host needs no server. Served by the native program, its
 * list wins: a teacher who drops a file into the folder sees it at once.
 */
export interface LessonEntry {
  path: string;
  title: string;
  goal: string;
  part: string;
  number: number;
}

const files = import.meta.glob<string>('../../../scenarios/**/*.md', { query: '?raw', import: 'default', eager: true });

const bundled = new Map(Object.entries(files).map(([path, text]) => [path.replace('../../../scenarios/', ''), text]));

export function titleOf(source: string): string {
  return /^#[ \t]+(.+?)[ \t]*#*$/m.exec(source)?.[1] ?? 'Untitled lesson';
}

export function goalOf(source: string): string {
  return /^Goal:[ \t]*(.+)$/m.exec(source)?.[1] ?? '';
}

/** "01-pages/02-last-free-page.md" -> "Pages" */
export function partOf(path: string): string {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  const words = folder.replace(/^\d+-/, '').replaceAll('-', ' ');
  return words ? words[0]!.toUpperCase() + words.slice(1) : 'Lessons';
}

function numbered(list: { path: string; title: string; goal: string }[]): LessonEntry[] {
  const sorted = list.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return sorted.map((lesson, i) => ({ ...lesson, part: partOf(lesson.path), number: i + 1 }));
}

function fromBundle(): LessonEntry[] {
  return numbered([...bundled].map(([path, text]) => ({ path, title: titleOf(text), goal: goalOf(text) })));
}

async function fromServer(): Promise<LessonEntry[] | null> {
  const response = await fetch('api/v1/lessons', { headers: { Accept: 'application/json' } });
  if (!response.ok || !response.headers.get('Content-Type')?.includes('json')) return null;
  const { lessons } = (await response.json()) as { lessons: { path: string; title: string; goal?: string }[] };
  return numbered(lessons.map((l) => ({ ...l, goal: l.goal ?? goalOf(bundled.get(l.path) ?? '') })));
}

/** All lessons in order. @server: ask the server first; without one the bundled lessons are the list. */
export async function listLessons(server: boolean): Promise<LessonEntry[]> {
  if (!server) return fromBundle();
  const list = await fromServer().catch(() => null);
  return list && list.length > 0 ? list : fromBundle();
}

/** The text of the lesson at @path; null when there is none. */
export async function loadLesson(path: string, server: boolean): Promise<string | null> {
  if (server) {
    const response = await fetch(`api/v1/lessons/${path.split('/').map(encodeURIComponent).join('/')}`).catch(() => null);
    if (response?.ok && !response.headers.get('Content-Type')?.includes('html')) return response.text();
  }
  return bundled.get(path) ?? null;
}
