import { expect, test } from 'bun:test'
import { wayOf } from '../../../src/cli/client/client-flags.ts'

/** The way that flags lead to. */
function way(flags: Record<string, string>) {
  return wayOf({ flags, switches: new Set(), positionals: [] })
}

test('a mode wins over a provider beside it, and says so', () => {
  expect(way({ mode: 'sdk', provider: 'x' })).toEqual({
    prefix: '/sdk',
    keysOnly: false,
    warning: '"--provider x" has no effect: mode "sdk" always leads to "claude-sdk"',
  })
  expect(way({ mode: 'api', provider: 'anthropic' })).toEqual({ prefix: '/api', keysOnly: false })
  expect(way({ mode: 'full', provider: 'x' })).toEqual({ prefix: '/to/x', keysOnly: false })
})
