/* source.ts: working on a lesson's text by line: what is shown of it, and putting an edited block back. */
import type { Section } from '../protocol/types';

/** @source with the lines of @section's text replaced by @text. Lines count from 1. */
export function replaceSection(source: string, section: Section, text: string): string {
  const lines = source.split('\n');
  const first = (section.first_line ?? section.line + 1) - 1;
  const count = section.end_line - section.line - 1;
  lines.splice(first, count, ...text.replace(/\n$/, '').split('\n'));
  return lines.join('\n');
}

/** Prose as it is read: without the title and the goal, which stand above. */
export function readableProse(text: string): string {
  return text.replace(/^#[ \t]+.+$/m, '').replace(/^Goal:[ \t]*.+$/m, '').trim();
}

/** Offset in UTF-16 units of @column, which counts UTF-8 bytes from 1, in @line. */
export function columnOffset(line: string, column: number): number {
  let bytes = 1;
  let offset = 0;
  for (const char of line) {
    if (bytes >= column) break;
    bytes += new TextEncoder().encode(char).length;
    offset += char.length;
  }
  return offset;
}
