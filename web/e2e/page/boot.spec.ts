/* The boot phase and /proc on the page: tests/boot.md. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { expect, linkTo, test } from '../lookaside';

const BOOT = readFileSync(fileURLToPath(new URL('../../tests/boot.md', import.meta.url)), 'utf8');

test('two small allocations share a page; what was taken stays reserved after mem_init()', async ({ look, page }) => {
  await look.open(linkTo(BOOT, 2, 'boot'));
  await expect(look.stage).toContainText('The last allocation ended in page 0x1000, 328 bytes of it are in use');
  await look.press('ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight');
  await look.at(7);
  await expect(look.stage).toContainText('14,829 pages that nobody had taken went to the buddy lists');
  await page.getByRole('group', { name: 'memblock.reserved' }).getByRole('button', { name: '0x1001000, 2 MiB' }).click();
  await expect(look.inspector.getByRole('heading', { name: /0x1/ })).toBeVisible();
  await page.getByRole('button', { name: 'Boot memory as text' }).click();
  await expect(look.stage.getByRole('row').filter({ hasText: '0x1000080' })).toContainText('200');
});

test('/proc tells what a step changed', async ({ look, page }) => {
  await look.open(linkTo(BOOT, 8, 'proc'));
  const text = page.getByRole('region', { name: '/proc/buddyinfo' });
  await expect(text).toContainText('Node 0, zone   Normal');
  await look.press('ArrowRight');
  await expect(text.locator('mark')).toHaveCount(1);
  await expect(look.stage).toContainText('1 place changed in this step');
  await page.getByRole('button', { name: 'meminfo' }).click();
  await expect(page.getByRole('region', { name: '/proc/meminfo' })).toContainText('MemTotal:');
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [view, step] of [['boot', 6], ['boot', 7], ['proc', 9]] as const) {
    test.describe(`${view} ${step}, ${colorScheme}`, () => {
      test.use({ colorScheme });

      test('axe finds nothing in picture and text', async ({ look, page }) => {
        await look.open(linkTo(BOOT, step, view));
        const found = async () => (await new AxeBuilder({ page }).analyze()).violations.map((each) => `${each.id}: ${each.nodes[0]?.html}`);
        expect(await found()).toEqual([]);
        await look.stage.getByRole('button', { name: /as text$/ }).click();
        expect(await found()).toEqual([]);
      });
    });
  }
}
