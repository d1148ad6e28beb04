import { describe, expect, test } from 'bun:test'
import {
  fittingRule,
  type PermissionRule,
} from '../../../src/provider/claude-sdk/permission-rules.ts'

function rule(action: PermissionRule['action'], tool: string, match?: string): PermissionRule {
  return match === undefined ? { action, tool } : { action, tool, match }
}

/** What the rules say of a request; `undefined` where none fits. */
function said(rules: readonly PermissionRule[], tool: string, input: unknown): string | undefined {
  return fittingRule(rules, tool, input)?.action
}

describe('a rule', () => {
  test('fits a tool by its exact name or with *', () => {
    expect(said([rule('allow', 'Read')], 'Read', {})).toBe('allow')
    expect(said([rule('allow', 'Read')], 'ReadMore', {})).toBeUndefined()
    expect(said([rule('allow', 'Read')], 'read', {})).toBeUndefined()
    expect(said([rule('allow', 'mcp__files__*')], 'mcp__files__list', { a: [1] })).toBe('allow')
    expect(said([rule('allow', 'mcp__files__*')], 'mcp__filesX__list', {})).toBeUndefined()
    expect(said([rule('deny', '*')], 'Anything', null)).toBe('deny')
  })

  test('that comes first is the one that counts', () => {
    const rules = [
      rule('deny', 'Bash', '*rm *'),
      rule('ask', 'Bash', 'git push*'),
      rule('allow', 'Bash', 'git *'),
    ]
    expect(said(rules, 'Bash', { command: 'git log' })).toBe('allow')
    expect(said(rules, 'Bash', { command: 'git push origin' })).toBe('ask')
    expect(said(rules, 'Bash', { command: 'git rm x' })).toBe('deny')
    expect(said(rules, 'Bash', { command: 'ls' })).toBeUndefined()
  })

  test.each([
    ['abc', 'abc', true],
    ['abc', 'abcd', false],
    ['a*', 'a', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*b*', 'abc', true],
    ['a*b*c', 'a-c-b-c', true],
    ['a*b*c', 'acb', false],
    ['*ab', 'aab', true],
    ['a.c', 'abc', false],
  ])('reads %j on %j as %p', (match, query, fits) => {
    const action = said([rule('allow', 'WebSearch', match)], 'WebSearch', { query })
    expect(action).toBe(fits ? 'allow' : undefined)
  })

  test('answers a long text and many * at once', () => {
    const match = `${'*a'.repeat(50)}*b`
    const started = performance.now()
    expect(said([rule('deny', 'Bash', match)], 'Bash', { command: 'a'.repeat(100_000) })).toBe(
      undefined,
    )
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('a rule that allows is read narrowly', () => {
  test.each([
    'git log; rm -rf /',
    'git log && rm -rf /',
    'git log | sh',
    'git log\nrm -rf /',
    'git log $(rm -rf /)',
    'git log `rm -rf /`',
    'git log > /etc/passwd',
    'git log & rm x',
  ])('its * holds no second command: %j', (command) => {
    expect(said([rule('allow', 'Bash', 'git log*')], 'Bash', { command })).toBeUndefined()
  })

  test('what its pattern itself says may be there', () => {
    const rules = [rule('allow', 'Bash', 'git log * | head')]
    expect(said(rules, 'Bash', { command: 'git log -3 | head' })).toBe('allow')
    expect(said(rules, 'Bash', { command: 'git log -3 | sh | head' })).toBeUndefined()
    expect(said([rule('allow', 'Bash', '*')], 'Bash', { command: 'a; b' })).toBe('allow')
  })

  test.each([
    ['/work/src/a.ts', 'allow'],
    ['/work/./src/a.ts', 'allow'],
    ['/work/../etc/passwd', undefined],
    ['/work/a/../../etc/passwd', undefined],
    ['/workshop/a', undefined],
  ])('a path is what it leads to: %j', (file_path, action) => {
    expect(said([rule('allow', 'Edit', '/work/*')], 'Edit', { file_path })).toBe(action)
  })

  test.each([
    ['https://docs.example.com/a', 'allow'],
    ['HTTPS://DOCS.example.com', 'allow'],
    ['https://evil.org/.example.com/', undefined],
    ['https://evil.org?.example.com/', undefined],
    ['https://docs.example.com@evil.org/', undefined],
    ['https://docs.example.com.evil.org/', undefined],
    ['no url', undefined],
  ])('the * of a host is no path: %j', (url, action) => {
    const rules = [rule('allow', 'WebFetch', 'https://*.example.com/*')]
    expect(said(rules, 'WebFetch', { url })).toBe(action)
  })

  test('every telling field of an unknown tool must fit', () => {
    const rules = [rule('allow', 'mcp__x__*', '/work/*')]
    expect(said(rules, 'mcp__x__y', { path: '/work/a' })).toBe('allow')
    expect(said(rules, 'mcp__x__y', { path: '/work/a', file_path: '/etc/b' })).toBeUndefined()
    for (const input of [{}, [], null, 3, { path: 3 }, { other: '/work/a' }]) {
      expect(said(rules, 'mcp__x__y', input)).toBeUndefined()
    }
  })
})

describe('a rule that denies is read widely', () => {
  test('one command of several is enough, and one field', () => {
    const rules = [rule('deny', 'Bash', 'rm *'), rule('deny', 'mcp__x', '/etc/*')]
    for (const command of ['rm -rf /', 'cd /; rm -rf x', 'true && rm x', 'a\nrm x', 'a | rm x']) {
      expect([command, said(rules, 'Bash', { command })]).toEqual([command, 'deny'])
    }
    expect(said(rules, 'Bash', { command: 'echo rm' })).toBeUndefined()
    expect(said(rules, 'mcp__x', { path: '/work/a', file_path: '/etc/b' })).toBe('deny')
    expect(said(rules, 'mcp__x', { path: '/work/../etc/b' })).toBe('deny')
  })
})
