import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, LESSON, linkTo, test } from '../lookaside';

async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  return found.flatMap((each) => each.nodes.map((node) => `${each.id}: ${node.target.join(' ')} ${node.failureSummary}`));
}

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
/** Every view of the registry, at a step where it has something to show. */
const VIEWS: [view: string, lesson: string, step: number][] = [
  ['memory', LESSON, 3],
  ['free-lists', LESSON, 3],
  ['watermarks', LESSON, 3],
  ['slabs', read('tests/objects.md'), 66],
  ['pools', read('tests/objects.md'), 72],
  ['virtual', read('tests/virtual.md'), 240],
  ['percpu', read('tests/percpu.md'), 15],
  ['boot', read('tests/boot.md'), 4],
  ['proc', LESSON, 3],
  ['overview', read('tests/objects.md'), 72],
];

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    for (const [view, lesson, step] of VIEWS) {
      test(`axe finds nothing in the view ${view}, as picture and as text`, async ({ look, page }) => {
        await look.open(linkTo(lesson, step, view));
        expect(await violations(page)).toEqual([]);
        for (const toggle of await look.stage.getByRole('button', { name: /as text$/ }).all()) await toggle.click();
        expect(await violations(page)).toEqual([]);
      });
    }

    test('axe finds nothing on the page at work', async ({ look, page }) => {
      await look.open(linkTo(LESSON, 2));
      expect(await violations(page)).toEqual([]);
      await look.press('End');
      await look.at(6);
      await look.press('ArrowLeft');
      await look.at(5);
      expect(await violations(page)).toEqual([]);
    });

    test('axe finds nothing in the text twins', async ({ look, page }) => {
      await look.open(linkTo(LESSON, 3));
      for (const name of ['Physical memory', 'Free lists', 'Watermarks']) await page.getByRole('button', { name: `${name} as text` }).click();
      expect(await violations(page)).toEqual([]);
    });

    test('axe finds nothing while editing, with a mistake, in the help and in the list', async ({ look, page }) => {
      await look.open(linkTo(LESSON.replace('alloc_page(', 'alloc_pgae('))).catch(() => {});
      await page.getByRole('button', { name: 'Edit code part 1' }).click();
      await expect(page.getByRole('textbox', { name: /Code part 1/ })).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Keys and help' }).click();
      expect(await violations(page)).toEqual([]);
      await page.goto('/#lessons');
      await page.reload();
      await expect(page.getByRole('main').getByRole('link').first()).toBeVisible();
      expect(await violations(page)).toEqual([]);
    });
  });
}

test('no view of the registry is left out above', () => {
  const ids = [...read('src/views/registry.ts').matchAll(/\bid: '([\w-]+)'/g)].map((match) => match[1]!);
  expect(ids.length).toBeGreaterThan(5);
  expect([...ids, 'overview'].sort()).toEqual(VIEWS.map(([view]) => view).sort());
});

test('all by keyboard: lesson, steps, a block, a view, the help', async ({ look, page }) => {
  await look.open('#lessons');
  const first = page.getByRole('main').getByRole('link').first();
  for (let i = 0; i < 12 && !(await first.evaluate((a) => a === document.activeElement)); i++) await look.press('Tab');
  await expect(first).toBeFocused();
  await look.press('Enter');
  await expect(look.say).toContainText('Step 0 of');
  await look.press('ArrowRight', 'ArrowRight', 'ArrowLeft');
  await look.at(1);
  const memory = page.getByRole('application');
  for (let i = 0; i < 40 && !(await memory.evaluate((a) => a === document.activeElement)); i++) await look.press('Tab');
  await expect(memory).toBeFocused();
  await look.press('ArrowRight', 'Enter');
  await expect(look.inspector.getByRole('heading', { name: /^(Page|Block) 0x1$/ })).toBeVisible();
  await look.at(1);
  await page.getByRole('group', { name: 'Views' }).getByRole('button', { name: 'Watermarks' }).focus();
  await look.press('Enter', 'ArrowRight');
  await look.at(2);
  await expect(look.stage.getByRole('heading', { name: 'Watermarks' })).toBeVisible();
  await look.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await look.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('the focus can be seen everywhere', async ({ look, page }) => {
  await look.open(linkTo(LESSON, 2));
  for (let i = 0; i < 45; i++) {
    await look.press('Tab');
    const seen = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      if (element === document.body || element.matches('input[type=range]')) return true;
      const style = getComputedStyle(element);
      return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    });
    expect(seen).toBe(true);
  }
});
