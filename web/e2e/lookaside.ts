/*
 * lookaside.ts: the page as tests see it: one object with what a person can do and read, and a fixture that fails a test
 * when the page reports an error nobody expected.
 */
import { deflateRawSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test as base, type Locator, type Page } from '@playwright/test';

export const LESSON = readFileSync(fileURLToPath(new URL('../tests/lesson.md', import.meta.url)), 'utf8');

/** A link to a lesson that is in no folder. */
export function linkTo(source: string, step = 0, view = ''): string {
  const shared = { v: 1, source, choices: [], step, view, hash: '' };
  return `#s=${deflateRawSync(JSON.stringify(shared)).toString('base64url')}`;
}

export class Lookaside {
  readonly say: Locator;
  readonly story: Locator;
  readonly stage: Locator;
  readonly inspector: Locator;
  readonly console: Locator;

  constructor(
    readonly page: Page,
    private readonly query: string,
  ) {
    this.say = page.getByRole('contentinfo').locator('[aria-live]');
    this.story = page.getByRole('region', { name: 'Story' });
    this.stage = page.getByRole('region', { name: 'Stage', exact: true });
    this.inspector = page.getByRole('region', { name: 'Inspector' });
    this.console = page.getByLabel('Statement to run now');
  }

  async open(fragment = linkTo(LESSON)): Promise<void> {
    await this.page.goto(`/${this.query}${fragment}`);
    if (fragment !== '#lessons') await expect(this.say).toContainText(/Step \d.* of \d/);
  }

  async at(step: number): Promise<void> {
    await expect(this.say).toContainText(`Step ${step} of`);
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** The whole machine as the text twin of the free lists tells it. */
  async freeLists(): Promise<string[]> {
    await this.page.getByRole('group', { name: 'Views' }).getByRole('button', { name: 'Free lists' }).click();
    const toggle = this.page.getByRole('button', { name: 'Free lists as text' });
    if ((await toggle.getAttribute('aria-pressed')) === 'false') await toggle.click();
    return this.stage.getByRole('row').allInnerTexts();
  }

  async type(statement: string): Promise<void> {
    await this.console.fill(statement);
    await this.console.press('Enter');
  }
}

export const test = base.extend<{ look: Lookaside; problems: string[] }>({
  problems: async ({}, use) => {
    await use([]);
  },
  look: async ({ page, problems }, use, info) => {
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await use(new Lookaside(page, String(info.project.metadata['query'] ?? '')));
    expect(problems).toEqual([]);
  },
});

export { expect };
