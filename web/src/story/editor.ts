/* editor.ts: CodeMirror put together for C and for lesson files. Loaded on demand: it is most of the page's bytes. */
import { autocompletion, completionKeymap, type CompletionContext } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { cpp } from '@codemirror/lang-cpp';
import { markdown } from '@codemirror/lang-markdown';
import { bracketMatching, HighlightStyle, indentUnit, LanguageDescription, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics, type Diagnostic as Lint } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { columnOffset } from '../lessons/source';
import type { Diagnostic } from '../protocol/types';

export interface Editor {
  focus(): void;
  /** Underline @problems; @first is the file's line of the editor's first line. */
  setProblems(problems: Diagnostic[], first: number): void;
  destroy(): void;
}

interface Options {
  host: HTMLElement;
  text: string;
  label: string;
  language: 'c' | 'markdown';
  changed(text: string): void;
  close(): void;
  complete(prefix: string): Promise<string[]>;
}

const theme = EditorView.theme({
  '&': { color: 'var(--ink)', fontSize: '12.5px' },
  '&.cm-focused': { outline: '2px solid var(--focus)', outlineOffset: '-2px', borderRadius: '10px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', fontVariantLigatures: 'none', lineHeight: '22px' },
  '.cm-gutters': { color: 'var(--soft)', backgroundColor: 'transparent', border: 'none' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)', borderLeftWidth: '2px' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'color-mix(in srgb, var(--kernel) 30%, transparent) !important' },
  '.cm-tooltip': { color: 'var(--ink)', backgroundColor: 'var(--panel)', border: '1px solid var(--line)', borderRadius: '8px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { color: 'var(--ink)', backgroundColor: 'var(--hl)' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
});

const colours = HighlightStyle.define([
  { tag: [tags.typeName, tags.keyword, tags.modifier], color: 'var(--syntax-type)', fontStyle: 'italic' },
  { tag: [tags.function(tags.variableName)], color: 'var(--syntax-call)' },
  { tag: [tags.string, tags.character, tags.processingInstruction], color: 'var(--syntax-text)' },
  { tag: [tags.comment], color: 'var(--soft)', fontStyle: 'italic' },
  { tag: [tags.heading, tags.strong], fontWeight: '650' },
  { tag: [tags.monospace, tags.link], color: 'var(--syntax-call)' },
]);

function completions(complete: Options['complete']) {
  return async (context: CompletionContext) => {
    const word = context.matchBefore(/\w+/);
    if (!word || (word.text.length < 3 && !context.explicit)) return null;
    const words = await complete(word.text);
    return { from: word.from, options: words.map((label) => ({ label })), validFor: /^\w*$/ };
  };
}

const languages = [LanguageDescription.of({ name: 'c', support: cpp() })];

function lintOf(problem: Diagnostic, state: EditorState, first: number): Lint | null {
  const number = problem.line - first + 1;
  if (number < 1 || number > state.doc.lines) return null;
  const line = state.doc.line(number);
  const from = line.from + columnOffset(line.text, problem.column);
  const to = problem.end_line === problem.line ? line.from + columnOffset(line.text, problem.end_column) : line.to;
  const message = problem.hint ? `${problem.message} ${problem.hint}` : problem.message;
  return { from: Math.min(from, line.to), to: Math.min(Math.max(to, from + 1), line.to), severity: problem.severity, message };
}

/** An editor inside @host. */
export function createEditor(options: Options): Editor {
  const leave = { key: 'Escape', run: () => (options.close(), true) };
  const view = new EditorView({
    parent: options.host,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        bracketMatching(),
        indentUnit.of('    '),
        options.language === 'c' ? cpp() : markdown({ codeLanguages: languages }),
        options.language === 'c' ? [] : EditorView.lineWrapping,
        syntaxHighlighting(colours),
        autocompletion({ override: [completions(options.complete)] }),
        lintGutter(),
        theme,
        keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, leave]),
        EditorView.cspNonce.of(document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''),
        EditorView.contentAttributes.of({ tabindex: '0', 'aria-label': `${options.label}; Escape leaves the editor` }),
        EditorView.updateListener.of((update) => update.docChanged && options.changed(update.state.doc.toString())),
      ],
    }),
  });
  return {
    focus: () => view.focus(),
    setProblems(problems, first) {
      const lints = problems.flatMap((problem) => lintOf(problem, view.state, first) ?? []);
      view.dispatch(setDiagnostics(view.state, lints));
    },
    destroy: () => view.destroy(),
  };
}
