/*
 * markdown.ts: a lesson's prose as HTML that can be put on the page.
 *
 * Raw HTML in a lesson is shown as text, and what markdown-it makes goes through DOMPurify all the same: lessons come
 * from strangers, by link.
 */
import DOMPurify from 'dompurify';
import MarkdownIt from 'markdown-it';

const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });

// A table wider than the page scrolls by itself, also by keyboard.
markdown.renderer.rules['table_open'] = () => '<div class="wide" role="region" aria-label="Table" tabindex="0"><table>';
markdown.renderer.rules['table_close'] = () => '</table></div>';

export function renderProse(text: string): string {
  return DOMPurify.sanitize(markdown.render(text), {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ['style', 'form', 'input', 'button', 'iframe'],
    FORBID_ATTR: ['style'],
  });
}
