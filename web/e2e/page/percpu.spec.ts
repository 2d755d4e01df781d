/* CPUs on the page: tests/percpu.md, and an update that gets lost by four clicks. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { expect, linkTo, test } from '../lookaside';

const PERCPU = readFileSync(fileURLToPath(new URL('../../tests/percpu.md', import.meta.url)), 'utf8');
/** A has read the old value, B waits in the queue of CPU 0. */
const READ = 14;

test('the lost update, by clicking; the link brings it back', async ({ look, page }) => {
  await look.open(linkTo(PERCPU, READ, 'percpu'));
  const [zero, one] = [page.getByRole('region', { name: 'CPU 0' }), page.getByRole('region', { name: 'CPU 1' })];
  await expect(zero).toContainText('A (pid 101)');
  await zero.getByRole('button', { name: 'Preempt' }).click();
  await look.at(READ + 1);
  await expect(zero).toContainText('B (pid 102)');
  await page.getByRole('button', { name: 'Move A to CPU 1' }).click();
  await look.at(READ + 2);
  await expect(one).toContainText('A (pid 101)');
  for (let n = 3; n <= 5; n++) {
    await zero.getByRole('button', { name: 'Run' }).click();
    await look.at(READ + n);
  }
  await expect(zero.getByRole('button', { name: /sockets_in_use/ })).toContainText('6');
  await one.getByRole('button', { name: 'Run' }).click();
  await look.at(READ + 6);
  // two increments of 5, and it is 6
  await expect(zero.getByRole('button', { name: /sockets_in_use/ })).toContainText('6');
  await expect(look.story).toContainText('@migrate 1 1');

  await look.press('ArrowLeft', 'ArrowRight');
  await look.at(READ + 6);
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page.getByText(/^The link is/)).toBeVisible();
  const link = page.url();
  await page.goto('about:blank');
  await page.goto(link);
  await look.at(READ + 6);
  await expect(zero.getByRole('button', { name: /sockets_in_use/ })).toContainText('6');
  await expect(page.getByText('another version of the lesson')).toHaveCount(0);
});

test('an interrupt comes on an idle CPU, and what cannot be chosen says why', async ({ look, page }) => {
  await look.open(linkTo(PERCPU, READ, 'percpu'));
  const one = page.getByRole('region', { name: 'CPU 1' });
  await expect(one.getByRole('button', { name: 'Run' })).toBeDisabled();
  await expect(one).toContainText('nothing to run');
  await one.getByRole('button', { name: 'Interrupt 5' }).click();
  await expect(one).toContainText('handles interrupt 5');
  await expect(one).toContainText('hardirq 1');
  await expect(one).toContainText('this_cpu_inc(my_percpu_array[1])');
  await expect(look.say).toContainText('Next: Interrupt 5 on CPU 1.');
  await expect(look.inspector.getByRole('region', { name: 'Variables', exact: true })).toContainText('Interrupt 5 on CPU 1');
  await one.getByRole('button', { name: 'Run' }).click();
  await expect(one.getByRole('button', { name: /my_percpu_array/ })).toContainText('{0, 1, 0}');
  await expect(page.getByRole('region', { name: 'Threads' })).toContainText('is bound to CPU 2');
});

test('the story tells where every thread stands', async ({ look }) => {
  await look.open(linkTo(PERCPU, READ, 'percpu'));
  await expect(look.story.getByTitle('A stands here, on CPU 0')).toBeVisible();
  await expect(look.story.getByTitle('C stands here, on CPU 2')).toBeVisible();
  await expect(look.say).toContainText('Next: A on CPU 0.');
  // whose variables these are stands beside the heading, and the region keeps its name
  const variables = look.inspector.getByRole('region', { name: 'Variables', exact: true });
  await expect(variables).toContainText('A on CPU 0');
});

test('the scrubber tells whose turn it is: to readers, under the pointer, and as lanes', async ({ look, page }) => {
  await look.open(linkTo(PERCPU, READ, 'percpu'));
  const slider = page.getByRole('slider', { name: 'Step' });
  await expect(slider).toHaveAttribute('aria-valuetext', /^Step 14 of \d+, A on CPU 0$/);
  await expect(page.locator('.lanes svg')).toHaveCount(4);
  await expect(page.getByRole('list', { name: 'Who runs when' })).toContainText('Steps 1 to');
  const box = (await slider.boundingBox())!;
  await page.mouse.move(box.x + 9, box.y + 12);
  await expect(slider).toHaveAttribute('title', /^Step 0 of \d+/);
  await page.mouse.move(box.x + box.width - 9, box.y + 12);
  await expect(slider).toHaveAttribute('title', /insmod on CPU 0/);
  await page.mouse.move(box.x + 9, box.y - 100);
  await expect(slider).not.toHaveAttribute('title');
});

test.describe('in motion', () => {
  test.use({ contextOptions: { reducedMotion: 'no-preference' } });

  test('a thread that is moved flies from its CPU to the other, and lands', async ({ look, page }) => {
    await look.open(linkTo(PERCPU, READ, 'percpu'));
    const chip = look.stage.locator('[data-thread="1"]');
    const there = (await page.getByRole('region', { name: 'CPU 1' }).boundingBox())!;
    // every place it is drawn at, as how far it is from its end
    await look.stage.evaluate((stage) => {
      const ways: string[] = [];
      (window as unknown as { ways: string[] }).ways = ways;
      new MutationObserver(() => {
        const transform = stage.querySelector<HTMLElement>('[data-thread="1"]')?.style.transform;
        if (transform) ways.push(transform);
      }).observe(stage, { subtree: true, childList: true, attributes: true, attributeFilter: ['style'] });
    });
    await page.getByRole('button', { name: 'Move A to CPU 1' }).click();
    await look.at(READ + 1);
    await expect(chip).toHaveCSS('transform', 'none');
    const ways = await page.evaluate(() => (window as unknown as { ways: string[] }).ways.map((way) => Number(/-?[\d.]+/.exec(way)![0])));
    expect(ways.length).toBeGreaterThan(2);
    expect(ways[0]!).toBeLessThan(-100); // it comes from the left
    expect(ways.every((way, i) => i === 0 || way >= ways[i - 1]!)).toBe(true);
    const box = (await chip.boundingBox())!;
    expect(box.x > there.x && box.x + box.width < there.x + there.width).toBe(true);
  });
});

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test('axe finds nothing in picture and text', async ({ look, page }) => {
      await look.open(linkTo(PERCPU, READ, 'percpu'));
      const found = async () => (await new AxeBuilder({ page }).analyze()).violations.map((each) => `${each.id}: ${each.nodes[0]?.html}`);
      expect(await found()).toEqual([]);
      await look.stage.getByRole('button', { name: /as text$/ }).click();
      expect(await found()).toEqual([]);
    });
  });
}
