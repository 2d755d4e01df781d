import { expect, LESSON, linkTo, test } from '../lookaside';

const LARGE = `# Large

\`\`\`json machine
{"profile": "i386", "memory": "4G", "page_cache": "2G"}
\`\`\`

\`\`\`c
struct page *one = alloc_page(GFP_HIGHUSER);
struct page *two = alloc_pages(GFP_KERNEL, 3);
\`\`\`
`;

test('prose is text: HTML from a lesson is not run', async ({ look }) => {
  await look.open(linkTo(`${LESSON}\n<img src=x onerror="window.bad = 1"> <script>window.bad = 1</script> [x](javascript:window.bad=1)\n`));
  await expect(look.story).toContainText('<img src=x');
  expect(await look.page.evaluate(() => 'bad' in window)).toBe(false);
  await expect(look.story.locator('img, script, a[href^=javascript]')).toHaveCount(0);
});

test('pointing at a variable lights its page, and the other way round', async ({ look, page }) => {
  await look.open(linkTo(LESSON, 2));
  await look.inspector.getByRole('button', { name: /^two/ }).hover();
  await expect(page.locator('svg rect.lit')).toHaveCount(1);
  const box = (await page.getByRole('application').boundingBox())!;
  await page.mouse.move(box.x + 8, box.y + 8);
  await expect(look.inspector.getByRole('button', { name: /^one/ })).toHaveClass(/lit/);
  await page.mouse.click(box.x + 8, box.y + 8);
  await expect(look.inspector.getByRole('heading', { name: 'Page 0x0' })).toBeVisible();
  await expect(look.inspector).toContainText('since');
});

test('4 GiB: a million frames, zoomed to single pages', async ({ look, page }) => {
  await look.open(linkTo(LARGE, 1));
  await expect(page.locator('canvas')).toBeVisible();
  await expect(look.stage).toContainText('Magnified');
  await look.press('ArrowRight');
  await look.at(2);
  await page.getByRole('application').focus();
  for (let i = 0; i < 10; i++) await look.press('+');
  await expect(page.locator('canvas')).toHaveCount(0);
  await look.press('0');
  await expect(page.locator('canvas')).toBeVisible();
});

test('motion tells the step and ends in the picture of a skipped one', async ({ browser }) => {
  const shots: string[] = [];
  for (const reducedMotion of ['reduce', 'no-preference'] as const) {
    const context = await browser.newContext({ reducedMotion, viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await page.goto(`/${linkTo(LESSON)}`);
    await expect(page.getByText('Step 0 of 6')).toBeVisible();
    await page.keyboard.press('ArrowRight');
    if (reducedMotion === 'no-preference') {
      await expect(page.locator('.lead').first()).toBeVisible();
      await expect(page.locator('.lead')).toHaveCount(0);
    }
    await expect(page.getByText('Step 1 of 6')).toBeVisible();
    await expect(page.locator('rect.now').first()).toBeVisible();
    shots.push(await page.locator('#view').innerHTML());
    await context.close();
  }
  const plain = (html: string) => html.replace(/ style="[^"]*"|<!---->|<!--[^>]*-->/g, '').replace(/c\d+|s\d+-\w+|svelte-\w+/g, '');
  expect(plain(shots[1]!)).toBe(plain(shots[0]!));
});

test('edits are kept in this browser, and can be undone', async ({ look, page }) => {
  await page.goto('/#lessons');
  const href = await page.getByRole('main').getByRole('link').first().getAttribute('href');
  await look.open(href!);
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByRole('textbox', { name: /Lesson file/ }).click();
  await look.press('Control+End');
  await page.keyboard.type('\nAdded by a reader.');
  await expect(page.getByText('edited', { exact: true })).toBeVisible();
  await page.reload();
  await expect(look.say).toContainText('Step 0 of');
  await expect(page.getByRole('status').filter({ hasText: 'brought back' })).toBeVisible();
  await expect(look.story).toContainText('Added by a reader.');
  await page.getByRole('button', { name: 'Use the original' }).click();
  await expect(look.story).not.toContainText('Added by a reader.');
});

test('edits of a lesson from a link survive a reload', async ({ look, page }) => {
  await look.open(linkTo(LESSON, 1));
  const before = page.url();
  await page.getByRole('button', { name: 'Edit code part 1' }).click();
  await page.getByRole('textbox', { name: /Code part 1/ }).click();
  await look.press('Control+End');
  await page.keyboard.type('\nint kept = 5;');
  await expect(look.say).toContainText('Step 1 of 7');
  await expect.poll(() => page.url()).not.toBe(before);
  await page.reload();
  await expect(look.say).toContainText('Step 1 of 7');
  await expect(look.story).toContainText('int kept = 5;');
});

test('a mistake in the settings is shown on top', async ({ look, page }) => {
  await page.goto(`/${linkTo(LESSON.replace('"memory"', '"memroy"'))}`);
  await expect(look.story.getByRole('list', { name: 'Problems' })).toContainText('memroy');
});

test('a program without end can be stepped and left', async ({ look }) => {
  await look.open(linkTo('# Loop\n\n```c\nint n = 0;\nwhile (1)\n    n++;\n```\n')).catch(() => {});
  await look.press('ArrowRight', 'ArrowRight', 'ArrowRight');
  await expect(look.say).toContainText('Step 3');
});

test('a broken link, a missing lesson and an empty list are explained', async ({ look, page, problems }) => {
  await page.goto('/#s=broken');
  await expect(page.getByRole('status').filter({ hasText: 'not complete' })).toBeVisible();
  await page.goto('/#lesson=no/such.md');
  await expect(page.getByRole('status').filter({ hasText: 'no/such.md' })).toBeVisible();
  await expect(page.getByRole('main').getByRole('link').first()).toBeVisible();
  void look;
  // The browser itself reports the address that is not there.
  expect(problems.splice(0)).toEqual([expect.stringContaining('404')]);
});

test('when the server goes away one can go on from the same place', async ({ page }) => {
  await page.goto(`/?engine=server${linkTo(LESSON, 2)}`);
  await expect(page.getByText('Step 2 of 6')).toBeVisible();
  await page.route('**/api/v1/sessions/*', (route) => route.abort());
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('alert').filter({ hasText: 'does not answer' })).toBeVisible();
  await page.unroute('**/api/v1/sessions/*');
  await page.getByRole('button', { name: 'Restart the engine' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'does not answer' })).toHaveCount(0);
  await page.keyboard.press('ArrowRight');
  await expect(page.getByText('Step 3 of 6')).toBeVisible();
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('one panel at a time, nothing sticks out sideways', async ({ look, page }) => {
    await look.open(linkTo(LESSON, 2));
    for (const panel of ['Story', 'Stage', 'Inspector']) {
      await page.getByRole('group', { name: 'What to show' }).getByRole('button', { name: panel }).click();
      await expect(page.getByRole('region', { name: panel, exact: true })).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    }
    await page.getByRole('button', { name: 'Run one statement' }).click();
    await look.at(3);
  });

  test('the story and the console stand where the program is, when they come to the front', async ({ look, page }) => {
    const lines = Array.from({ length: 60 }, (_, i) => `printk("line %d\\n", ${i});`).join('\n');
    await look.open(linkTo(`\`\`\`c\n${lines}\n\`\`\`\n`, 50, 'memory'));
    await expect(look.story).toBeHidden();
    await page.getByRole('group', { name: 'What to show' }).getByRole('button', { name: 'Story' }).click();
    await expect(look.story.locator('.now')).toBeInViewport();
    await expect(page.getByRole('log').getByText('line 49', { exact: true })).toBeInViewport();
    // and it keeps its place behind the stage
    const top = () => page.getByRole('region', { name: 'Lesson text' }).evaluate((text) => text.scrollTop);
    const before = await top();
    await page.getByRole('group', { name: 'What to show' }).getByRole('button', { name: 'Stage' }).click();
    await page.getByRole('group', { name: 'What to show' }).getByRole('button', { name: 'Story' }).click();
    expect(await top()).toBe(before);
  });
});

test.describe('at 200 % zoom', () => {
  test.use({ viewport: { width: 720, height: 450 } });

  test('nothing sticks out sideways and the transport can be reached', async ({ look, page }) => {
    await look.open(linkTo(LESSON, 2));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(720);
    await page.getByRole('button', { name: 'Run one statement' }).click();
    await look.at(3);
  });
});
