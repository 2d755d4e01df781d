/* What a step is compared with. */
import { describe, expect, test } from 'vitest';
import { Past } from '../src/state/past';

const epoch = { program: 'source', choices: [] };

describe('the step before', () => {
  test('is found also after going back and after a jump', () => {
    const past = new Past<string>();
    expect(past.keep(epoch, 'x', 0, 'zero')).toBeNull();
    expect(past.keep(epoch, 'x', 1, 'one')).toEqual({ step: 0, value: 'zero' });
    past.keep(epoch, 'x', 2, 'two');
    past.keep(epoch, 'x', 9, 'nine');
    expect(past.keep(epoch, 'x', 2, 'two')).toEqual({ step: 1, value: 'one' });
    expect(past.keep(epoch, 'x', 0, 'zero')).toBeNull(); // nothing came before the first step
  });

  test('that nobody saw: what was shown last stands in for it, also when the step is shown twice', () => {
    const past = new Past<string>();
    past.keep(epoch, 'x', 2, 'two');
    expect(past.keep(epoch, 'x', 9, 'nine')).toEqual({ step: 2, value: 'two' });
    expect(past.keep(epoch, 'x', 9, 'nine')).toEqual({ step: 2, value: 'two' });
    expect(past.keep(epoch, 'y', 9, 'other')).toBeNull(); // of its own key only
  });

  test('that is too long ago is forgotten', () => {
    const past = new Past<string>(2);
    for (const step of [1, 2, 3, 4]) past.keep(epoch, 'x', step, `${step}`);
    expect(past.keep(epoch, 'x', 2, '2')).toEqual({ step: 4, value: '4' });
  });

  test('is another moment after a choice, and gone with the program', () => {
    const past = new Past<string>();
    for (const step of [1, 2, 3, 2]) past.keep(epoch, 'x', step, `${step}`);
    const chosen = { ...epoch, choices: [{ step: 2, text: '@run 1' }] };
    expect(past.keep(chosen, 'x', 3, 'three')).toEqual({ step: 2, value: '2' }); // where the choice was made
    expect(past.keep(chosen, 'x', 2, '2')).toEqual({ step: 3, value: 'three' }); // step 1 was seen under other choices
    expect(past.keep({ program: 'edited', choices: [] }, 'x', 3, 'three')).toBeNull();
  });
});
