import { expect, test } from 'bun:test'
import { tally, tallyLine } from '../../scripts/tally.ts'

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="5">
  <testsuite name="test/a.test.ts" file="test/a.test.ts" tests="5">
    <testcase name="passes" classname="" file="test/a.test.ts" line="1" assertions="1" />
    <testcase name="a &gt; b" classname="" file="test/a.test.ts" line="2" assertions="1" />
    <testcase name="fails" classname="" file="test/a.test.ts" line="3" assertions="1">
      <failure type="AssertionError" message="no">no</failure>
    </testcase>
    <testcase name="skipped" classname="" file="test/a.test.ts" line="4" assertions="0">
      <skipped />
    </testcase>
    <testcase name="todo" classname="" file="test/a.test.ts" line="5" assertions="0">
      <skipped message="TODO" />
    </testcase>
  </testsuite>
</testsuites>`

test('counts each kind of outcome', () => {
  expect(tally(REPORT, ['test/a.test.ts'])).toEqual({ passed: 2, failed: 1, skipped: 2 })
})

test('a file that never got to report its tests counts as failed', () => {
  expect(tally(REPORT, ['test/a.test.ts', 'test/b.test.ts']).failed).toBe(2)
  expect(tally('', ['test/a.test.ts'])).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('the last line names what was not run only if there was something', () => {
  expect(tallyLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
  expect(tallyLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 not run')
})
