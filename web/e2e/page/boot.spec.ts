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
  await expect(look.stage).toContainText('14,829 pages that nobody had taken went to the buddy lists, in ');
  await page.getByRole('list', { name: 'Reserved in memblock' }).getByRole('button', { name: '0x1001000 2 MiB' }).click();
  await expect(look.inspector.getByRole('heading', { name: /0x1/ })).toBeVisible();
  await page.getByRole('button', { name: 'Boot memory as text' }).click();
  await expect(look.stage.getByRole('row').filter({ hasText: '0x1000080' })).toContainText('200');
});

test('/proc tells what a step changed', async ({ look, page }) => {
  await look.open(linkTo(BOOT, 8, 'proc'));
  const text = page.getByRole('region', { name: '/proc/buddyinfo' });
  await expect(text).toContainText('Node 0, zone   Normal');
  await expect(look.stage).not.toContainText('Nothing in this file changed'); // step 0, before mem_init(), had no free block
  await look.press('ArrowRight');
  await expect(text.locator('mark')).toHaveCount(1);
  await expect(look.stage).toContainText('1 place changed in this step');
  await page.getByRole('button', { name: 'Changed lines only' }).click();
  await expect(text).not.toContainText('zone      DMA');
  await page.getByRole('button', { name: 'All lines' }).click();
  await look.press('ArrowLeft', 'ArrowRight'); // back at a step it knows
  await look.at(9);
  await expect(text.locator('mark')).toHaveCount(1);
  await page.getByRole('button', { name: 'meminfo' }).click();
  await expect(page.getByRole('region', { name: '/proc/meminfo' })).toContainText('MemTotal:');
  await expect(look.stage).toContainText('What the next step changes will be underlined.');
});

test('the attributes of a cache, and a line that went', async ({ look, page }) => {
  await look.open(linkTo('# X\n\n```c\nvoid *p = kmalloc(100, GFP_KERNEL);\nvoid *v = vmalloc(8192);\nvoid *w = vmalloc(8192);\nvfree(v);\nvm_unmap_aliases();\n```\n', 3, 'proc'));
  await page.getByLabel('A cache in /sys/kernel/slab').selectOption('kmalloc-128');
  await expect(page.getByRole('region', { name: '/sys/kernel/slab/kmalloc-128/*' })).toContainText('object_size:128');
  await page.getByRole('button', { name: 'vmallocinfo' }).click();
  await expect(page.getByRole('region', { name: '/proc/vmallocinfo' })).toContainText('pages=2 vmalloc');
  await look.press('ArrowRight', 'ArrowRight');
  await look.at(5);
  await expect(page.getByRole('region', { name: '/proc/vmallocinfo' }).locator('del')).toHaveCount(1);
});

test('the bits follow a page that is selected, and can be turned', async ({ look, page }) => {
  await look.open(linkTo(BOOT, 6, 'boot'));
  await page.getByRole('list', { name: 'Reserved in the bitmap' }).getByRole('button', { name: '0x0 4 MiB' }).click();
  await expect(look.stage).toContainText('Pages 0x0 – 0x5f');
  await page.getByRole('button', { name: 'Later pages' }).press('Enter');
  await expect(look.stage).toContainText('Pages 0x60 – 0xbf');
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('what is marked late in memory is named inside of the bar', async ({ look, page }) => {
    await look.open(linkTo('```json machine\n{"profile": "i386", "memory": "24M", "reserved": "256K", "boot": true}\n```\n```c\nalloc_bootmem(100);\nalloc_bootmem(100);\n```\n', 1, 'boot'));
    const bar = page.getByRole('group', { name: 'The bitmap of bootmem' });
    const [label, whole] = [await bar.getByText('goal 16 MiB').boundingBox(), await bar.boundingBox()];
    expect(label!.x + label!.width).toBeLessThanOrEqual(whole!.x + whole!.width);
  });
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
