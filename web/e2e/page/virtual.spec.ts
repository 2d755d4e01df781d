/* Virtual addresses on the page: tests/virtual.md, by pointer and by keyboard. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { expect, linkTo, test } from '../lookaside';

const VIRTUAL = readFileSync(fileURLToPath(new URL('../../tests/virtual.md', import.meta.url)), 'utf8');

test('an area, one of its pages, and the way there', async ({ look, page }) => {
  await look.open(linkTo(VIRTUAL, 237, 'virtual'));
  const area = page.getByRole('region', { name: /^vmalloc at 0xffffc90000000000/ });
  await expect(area.getByRole('button')).toHaveCount(7); // six pages and the guard page
  await area.getByRole('button', { name: /^page 0xffffc90000002000/ }).click();
  const walk = page.getByRole('region', { name: 'Walk to 0xffffc90000002000' });
  await expect(walk).toContainText('PGD');
  await expect(walk).toContainText(/It leads to frame 0x12d/);
  await walk.getByRole('button', { name: 'frame 0x12d', exact: true }).click();
  await expect(look.inspector.getByRole('heading', { name: 'Page 0x12d' })).toBeVisible();
});

test('the guard page leads nowhere; the arrow keys reach it and leave time alone', async ({ look, page }) => {
  await look.open(linkTo(VIRTUAL, 237, 'virtual'));
  await page.getByRole('button', { name: /^page 0xffffc90000000000/ }).focus();
  await look.press('ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter');
  await expect(page.getByRole('region', { name: 'Walk to 0xffffc90000006000' })).toContainText('This is a guard page');
  await look.at(237);
});

test('a register that was read, and addresses that are not used again', async ({ look, page }) => {
  await look.open(linkTo(VIRTUAL, 241, 'virtual'));
  await expect(page.getByRole('region', { name: 'Device nic' }).getByRole('listitem').filter({ hasText: 'FIFO' })).toContainText('read');
  await look.press('ArrowRight', 'ArrowRight');
  await look.at(243);
  await expect(look.stage).toContainText('7 pages of freed addresses wait for one TLB flush');
  await page.getByRole('button', { name: 'Virtual addresses as text' }).click();
  await expect(look.stage.getByRole('row').filter({ hasText: 'freed, waits for a TLB flush' })).toHaveCount(1);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test('axe finds nothing in picture and text', async ({ look, page }) => {
      await look.open(linkTo(VIRTUAL, 244, 'virtual'));
      await expect(page.getByRole('region', { name: /^Walk to/ })).toBeVisible();
      const found = async () => (await new AxeBuilder({ page }).analyze()).violations.map((each) => `${each.id}: ${each.nodes[0]?.html}`);
      expect(await found()).toEqual([]);
      await look.stage.getByRole('button', { name: /as text$/ }).click();
      expect(await found()).toEqual([]);
    });
  });
}
