import { describe, expect, test } from 'bun:test'
import { parse } from 'smol-toml'
import { setInToml } from '../../src/config/edit.ts'

const path = ['security', 'auth_token']

describe('setInToml', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['an empty file', '', '[security]\nauth_token = "T"\n'],
    ['a file without the table', 'a = 1', 'a = 1\n\n[security]\nauth_token = "T"\n'],
    [
      'a value that is there',
      "# top\n[security] # who\nauth_token   = 'old'   # mine\n\n[x]\ny = 1 # z\n",
      '# top\n[security] # who\nauth_token   = "T"   # mine\n\n[x]\ny = 1 # z\n',
    ],
    [
      'a multi-line value',
      '[security]\nauth_token = """\nold"""\nb = 1\n',
      '[security]\nauth_token = "T"\nb = 1\n',
    ],
    [
      'a table without the key',
      '[security]  # who\n# kept\nb = 1\n[security.c]\nd = 1\n',
      '[security]  # who\nauth_token = "T"\n# kept\nb = 1\n[security.c]\nd = 1\n',
    ],
    ['a table at the very end', 'a = 1\n[security]', 'a = 1\n[security]\nauth_token = "T"'],
    ['CRLF line ends', '[security]\r\nb = 1\r\n', '[security]\r\nauth_token = "T"\r\nb = 1\r\n'],
    ['an inline table', 'security = { b = 1 } # c', 'security = { b = 1, auth_token = "T" } # c'],
    ['an empty inline table', 'security = {}', 'security = { auth_token = "T" }'],
    [
      'dotted keys',
      '# a\nsecurity.b = 1\nz = 2\n',
      '# a\nsecurity.auth_token = "T"\nsecurity.b = 1\nz = 2\n',
    ],
    [
      'a subtable alone',
      '[[security.tokens]]\nname = "a"\n',
      '[[security.tokens]]\nname = "a"\n\n[security]\nauth_token = "T"\n',
    ],
    [
      'look-alikes in comments and strings',
      '# [security]\n# auth_token = "no"\na = """\n[security]\nauth_token = "no"\n"""\n',
      '# [security]\n# auth_token = "no"\na = """\n[security]\nauth_token = "no"\n"""\n\n[security]\nauth_token = "T"\n',
    ],
  ]
  for (const [what, before, after] of cases) {
    test(what, () => {
      const edited = setInToml(before, path, 'T')
      expect(edited).toBe(after)
      expect(parse(edited)).toMatchObject({ security: { auth_token: 'T' } })
      expect(setInToml(edited, path, 'T')).toBe(edited)
    })
  }

  test('broken TOML and a table that is none are refused', () => {
    expect(() => setInToml('[security\n', path, 'T')).toThrow('Invalid TOML')
    expect(() => setInToml('security = 1\n', path, 'T')).toThrow()
  })
})
