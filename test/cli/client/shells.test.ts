import { describe, expect, test } from 'bun:test'
import { detectShell } from '../../../src/cli/client/detect-shell.ts'
import { SHELLS } from '../../../src/cli/client/shells.ts'
import { nastyValues } from '../../support/nasty-values.ts'
import { shellReads } from '../../support/shell-reads.ts'

describe('lines for a shell', () => {
  test('the real bash and sh read every value as it is', async () => {
    const values = nastyValues(1, 300)
    for (const program of ['bash', 'sh']) {
      expect(await shellReads([program, '-c'], 'bash', values)).toEqual(values)
    }
  })

  test('PowerShell gets doubled quotes, the typographic ones too, and nothing else', () => {
    const { powershell } = SHELLS
    expect(powershell?.set('A', "it's $env:B `n \u2018\u2019\u201a\u201b")).toBe(
      "$env:A = 'it''s $env:B `n \u2018\u2018\u2019\u2019\u201a\u201a\u201b\u201b'",
    )
    for (const value of nastyValues(2, 200)) {
      const line = powershell?.set('A', value) ?? ''
      const inner = line.slice("$env:A = '".length, -1)
      // As its grammar reads a verbatim string: each pair of quotes is one, and none stands alone.
      expect(inner.replace(/['\u2018-\u201b]{2}/g, '')).not.toMatch(/['\u2018-\u201b]/)
      expect(inner.replace(/(['\u2018-\u201b])['\u2018-\u201b]/g, '$1')).toBe(value)
    }
  })

  test('cmd gets doubled percent signs, and nothing that it would run', () => {
    const { cmd } = SHELLS
    expect(cmd?.set('A', '100%PATH% & del ^ |')).toBe('set "A=100%%PATH%% & del ^ |"')
    for (const value of ['a"b', 'a\nb', 'a\rb']) {
      expect(() => cmd?.set('A', value)).toThrow('cmd cannot hold the value of A')
    }
    expect(cmd?.unset('A')).toBe('set "A="')
  })
})

describe('the shell', () => {
  test.each([
    ['fish', '/bin/bash', 'fish'],
    ['-zsh', '/bin/bash', 'zsh'],
    ['pwsh', '/bin/bash', 'powershell'],
    ['make', '/usr/bin/fish', 'fish'],
    ['make', '/bin/tcsh', 'bash'],
    [undefined, undefined, 'bash'],
  ])('started by %s with SHELL %s is %s', (parent, shell, expected) => {
    expect(detectShell({ SHELL: shell }, 'linux', parent ?? 'none')).toBe(expected)
  })

  test('on Windows is cmd where there is its prompt', () => {
    expect(detectShell({ PROMPT: '$P$G' }, 'win32')).toBe('cmd')
    expect(detectShell({}, 'win32')).toBe('powershell')
  })
})
