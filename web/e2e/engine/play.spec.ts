import { expect, LESSON, linkTo, test } from '../lookaside';

test('steps forwards and backwards and comes to the same machine', async ({ look }) => {
  await look.open();
  const start = await look.freeLists();
  await look.press('ArrowRight', 'ArrowRight');
  await look.at(2);
  const two = await look.freeLists();
  expect(two).not.toEqual(start);
  await look.press('ArrowLeft');
  await look.at(1);
  await look.press('ArrowRight');
  await look.at(2);
  expect(await look.freeLists()).toEqual(two);
  await look.press('Home');
  await look.at(0);
  expect(await look.freeLists()).toEqual(start);
});

test('plays up to the question, and on to the mistake', async ({ look, page }) => {
  await look.open();
  await page.getByRole('button', { name: 'Play' }).click();
  await look.at(2);
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
  await expect(look.say).toContainText('question waits');
  await page.getByRole('button', { name: 'Play' }).click();
  await look.at(5);
  await expect(page.getByRole('button', { name: 'Play' })).toBeVisible();
  await expect(look.inspector.getByRole('region', { name: 'Oops' })).toContainText('kernel');
  await look.at(5);
});

test('the scrubber seeks', async ({ look, page }) => {
  await look.open();
  const scrubber = page.getByRole('slider', { name: 'Step' });
  await scrubber.fill('4');
  await look.at(4);
  await scrubber.focus();
  await scrubber.press('ArrowLeft');
  await look.at(3);
  await look.press('End');
  await look.at(6);
});

test('says why, marks the line, gives its result', async ({ look }) => {
  await look.open();
  await look.press('ArrowRight');
  await look.at(1);
  await expect(look.inspector).toContainText('Why this page?');
  await expect(look.inspector).toContainText('ZONE_NORMAL');
  const line = look.story.locator('[aria-current=step]');
  await expect(line).toContainText('alloc_page(GFP_KERNEL)');
  await expect(line).toContainText('page 0x0');
  await expect(look.inspector.getByRole('button', { name: /^one/ })).toContainText('0x0');
});

test('a question is answered, wrongly and rightly', async ({ look, page }) => {
  await look.open(linkTo(LESSON, 2));
  await page.getByLabel('59').check();
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  await expect(look.story).toContainText('Not quite: it is 60.');
  await expect(look.story).toContainText('Then nothing would come back.');
  await page.getByRole('button', { name: 'Answer again' }).click();
  await page.getByLabel('60').check();
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  await expect(look.story).toContainText('Right.');
  await page.getByRole('button', { name: /See it happen/ }).click();
  await look.at(3);
});

test('a page is clicked as an answer', async ({ look, page }) => {
  const task = '```json task\n{"kind": "click-buddy", "prompt": "Click the page that the freed one merges with first.", "of": "one"}\n```\n\n```c\n__free_page(one);';
  await look.open(linkTo(LESSON.replace(/```json ask[\s\S]*?```\n\n```c\n__free_page\(one\);/, task), 2));
  await expect(look.story).toContainText('Your turn');
  const box = (await page.getByRole('application').boundingBox())!;
  await page.mouse.click(box.x + box.width / 16 + 8, box.y + 8);
  await expect(look.story).toContainText('Right.');
});

test('a typed statement runs now, /proc answers, a mistake is explained', async ({ look }) => {
  await look.open(linkTo(LESSON, 1));
  await look.type('struct page *mine = alloc_pages(GFP_KERNEL, 4);');
  await look.at(2);
  await expect(look.say).toContainText('order 4');
  await look.type('cat /proc/buddyinfo');
  await expect(look.story.getByRole('log')).toContainText('Node 0');
  await look.at(2);
  await look.type('alloc_pgae(GFP_KERNEL);');
  await expect(look.story.getByRole('alert')).toContainText('alloc_pgae');
  await expect(look.console).toHaveValue('alloc_pgae(GFP_KERNEL);');
  await look.console.press('ArrowUp');
  await look.console.press('ArrowUp');
  await expect(look.console).toHaveValue('cat /proc/buddyinfo');
  await look.console.fill('alloc_pages_n');
  await look.console.press('Tab');
  await expect(look.console).toHaveValue('alloc_pages_node');
});

test('an edited statement runs, a mistake in it is shown at its place', async ({ look, page }) => {
  await look.open(linkTo(LESSON, 2));
  await page.getByRole('button', { name: 'Edit code part 1' }).click();
  const editor = page.getByRole('textbox', { name: /Code part 1/ });
  await editor.click();
  await look.press('Control+End');
  await page.keyboard.type('\nalloc_pgae(GFP_KERNEL);');
  await expect(look.story.getByRole('list', { name: 'Problems' })).toContainText('alloc_pgae');
  await expect(page.getByRole('button', { name: 'Run one statement' })).toBeDisabled();
  for (let i = 0; i < 'alloc_pgae(GFP_KERNEL);'.length; i++) await page.keyboard.press('Backspace');
  await page.keyboard.type('struct page *big = alloc_pages(GFP_KERNEL, 5);');
  await expect(look.say).toContainText('Step 2 of 7');
  await look.press('Escape');
  await look.press('ArrowRight');
  await look.at(3);
  await expect(look.say).toContainText('order 5');
});

test('a share link brings back lesson, edits, typed statements, step and view', async ({ look, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await look.open(linkTo(LESSON.replace('GFP_KERNEL, 2', 'GFP_KERNEL, 3'), 2));
  await look.type('struct page *mine = alloc_pages(GFP_KERNEL, 4);');
  await look.at(3);
  const lists = await look.freeLists();
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'link' })).toBeVisible();
  await page.reload();
  await look.at(3);
  await expect(page.getByRole('group', { name: 'Views' }).getByRole('button', { name: 'Free lists' })).toHaveAttribute('aria-pressed', 'true');
  expect(await look.freeLists()).toEqual(lists);
  await expect(page.getByText('not quite the same')).toHaveCount(0);
});

test('every lesson runs to its end without a mistake nobody expected', async ({ look, page }) => {
  await page.goto('/#lessons');
  const links = await page.getByRole('main').getByRole('link').evaluateAll((all) => all.map((a) => a.getAttribute('href')!));
  expect(links.length).toBeGreaterThan(0);
  for (const link of links) {
    await page.goto('about:blank'); // so that the steps of the lesson before are not taken for those of this one
    await look.open(link);
    await look.press('End');
    await expect(page.getByRole('button', { name: 'Run one statement' })).toBeDisabled();
    await expect(look.inspector.getByRole('region', { name: 'False assert' })).toHaveCount(0);
  }
});
