/* Caches and pools on the page: tests/objects.md on the engine, by pointer and by keyboard. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { expect, LESSON, linkTo, test } from '../lookaside';

const CLASSIC = readFileSync(fileURLToPath(new URL('../../tests/classic.md', import.meta.url)), 'utf8');
const OBJECTS = readFileSync(fileURLToPath(new URL('../../tests/objects.md', import.meta.url)), 'utf8');

test('the tabs are there when a lesson has objects', async ({ look, page }) => {
  await look.open(linkTo(LESSON, 2));
  const tabs = page.getByRole('group', { name: 'Views' });
  await expect(tabs.getByRole('button', { name: 'Memory' })).toBeVisible();
  await expect(tabs.getByRole('button', { name: 'Slabs' })).toHaveCount(0);
  await look.open(linkTo(OBJECTS, 0));
  await page.reload();
  await expect(tabs.getByRole('button', { name: 'Slabs' })).toBeVisible();
  await expect(tabs.getByRole('button', { name: 'Pools' })).toBeVisible();
});

test('an object, its bytes, its frame in memory, and back to its slab', async ({ look, page }) => {
  await look.open(linkTo(OBJECTS, 70, 'slabs'));
  await look.inspector.getByRole('button', { name: /^first / }).click();
  const object = page.getByRole('region', { name: 'Object 0' });
  await expect(object).toContainText('0xc0404008');
  await expect(object).toContainText('free, handed out next');
  await expect(object).toContainText('6b');
  await expect(object).toContainText('red zone');
  await object.getByRole('button', { name: /^frame 0x404$/ }).click();
  await expect(look.inspector.getByRole('heading', { name: 'Block 0x404' })).toBeVisible();
});

test('a walk over the shelf by keyboard leaves time alone', async ({ look, page }) => {
  await look.open(linkTo(OBJECTS, 70, 'slabs'));
  await page.getByRole('application', { name: /^Slabs of record/ }).focus();
  await look.press('ArrowRight', 'Enter');
  await expect(page.getByRole('region', { name: 'Object 1' })).toContainText('with the program since step 69');
  await look.at(70);
});

test('the slab of 2.6: arrays, lists and struct slab, by keyboard and as text', async ({ look, page }) => {
  await look.open(linkTo(CLASSIC, 125, 'slabs'));
  const array = page.getByRole('region', { name: 'Array of CPU 0' });
  await expect(array).toContainText('7 of 120');
  await expect(array.getByRole('button').first()).toHaveText(/slab 1 · object 9\s*next/);
  await expect(page.getByRole('region', { name: 'Array of all CPUs' })).toContainText('empty');
  await expect(look.stage).toContainText('struct slab on the slab, colour 1: 32 B · inuse 15 · free END');
  await array.getByRole('button').first().focus();
  await look.press('ArrowDown', 'Enter');
  await expect(page.getByRole('region', { name: 'Object 11' })).toContainText('in the array of CPU 0, number 2 from the top');
  await look.at(125);
  await look.open(linkTo(CLASSIC, 130, 'slabs'));
  await page.reload();
  await expect(look.stage).toContainText('inuse 16 · free 16 → 17');
  await look.stage.getByRole('button', { name: 'Slabs as text' }).click();
  await expect(page.getByRole('row', { name: /^slabs_partial 0 .* 1 of 61 16 16 → 17 → 18/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /^CPU 0 15 of at most 120, used lately 60 slab 0 · object 14,/ })).toBeVisible();
});

test('the reserve of a pool', async ({ look, page }) => {
  await look.open(linkTo(OBJECTS, 73, 'pools'));
  const pool = page.getByRole('region', { name: 'Pool pool' });
  await expect(pool).toContainText('1 of 2 at rest');
  await expect(pool).toContainText('came from the reserve');
  await look.press('ArrowRight');
  await expect(pool).toContainText('2 of 2 at rest');
  await expect(pool).toContainText('stays in the reserve');
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [view, step, lesson] of [['slabs', 70, OBJECTS], ['pools', 73, OBJECTS], ['slabs', 125, CLASSIC]] as const) {
    test.describe(`${view}, step ${step}, ${colorScheme}`, () => {
      test.use({ colorScheme });

      test('axe finds nothing in picture and text', async ({ look, page }) => {
        await look.open(linkTo(lesson, step, view));
        const found = async () => (await new AxeBuilder({ page }).analyze()).violations.map((each) => `${each.id}: ${each.nodes[0]?.html}`);
        expect(await found()).toEqual([]);
        await look.stage.getByRole('button', { name: /as text$/ }).click();
        expect(await found()).toEqual([]);
      });
    });
  }
}
