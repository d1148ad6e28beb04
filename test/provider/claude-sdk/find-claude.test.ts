import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  ClaudeFinder,
  type ClaudePlaces,
  findClaude,
} from '../../../src/provider/claude-sdk/find-claude.ts'
import { installFolders, pathFolders } from '../../../src/provider/claude-sdk/install-places.ts'
import { type TempDir, tempDir } from '../../support/child.ts'

let dir: TempDir
let home: string

beforeEach(() => {
  dir = tempDir()
  home = realpathSync(dir.path)
})
afterEach(() => dir.remove())

/** An executable below the home. */
function program(path: string, text = '#!/bin/sh\necho 2.1.329\n'): string {
  const full = join(home, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, text, { mode: 0o755 })
  return full
}

/** Only what the test made: no PATH of this machine. */
function places(more: Partial<ClaudePlaces> = {}): ClaudePlaces {
  return { env: {}, home, platform: 'linux', systemFolders: [], ...more }
}

describe('the configured path', () => {
  test('wins over PATH, and ~ is the home', async () => {
    const path = program('own/claude-code')
    program('bin/claude')
    const env = { PATH: join(home, 'bin') }
    const found = { path, realPath: path, source: 'sdk.cli_path' as const }
    expect(await findClaude(places({ env, cliPath: path }))).toEqual(found)
    expect(await findClaude(places({ env, cliPath: '~/own/claude-code' }))).toEqual(found)
  })

  test('is a name that PATH knows', async () => {
    const path = program('bin/claude-next')
    const env = { PATH: join(home, 'bin') }
    expect((await findClaude(places({ env, cliPath: 'claude-next' })))?.path).toBe(path)
  })

  test.each([
    ['missing', () => join(home, 'none/claude'), 'there is no such file'],
    ['a folder', () => dirname(program('folder/x')), 'it is a folder'],
    ['a name that PATH has not', () => 'claude-none', 'PATH does not have it'],
    [
      'a wrapper of ours',
      () => program('w/claude', '#!/bin/sh\nexec ccproxy code "$@"\n'),
      'ccproxy itself',
    ],
  ])('is an error of its own when %s, never another executable', async (_, make, why) => {
    program('.local/bin/claude')
    const cliPath = make()
    const finding = findClaude(places({ cliPath, env: { PATH: join(home, '.local/bin') } }))
    const error = await finding.then(
      () => undefined,
      (thrown) => thrown,
    )
    expect(error).toMatchObject({ kind: 'unavailable', status: 503 })
    expect(error.message).toContain(`sdk.cli_path "${cliPath}"`)
    expect(error.message).toContain(why)
  })

  test('is an error when it is not executable', async () => {
    const cliPath = program('own/claude')
    chmodSync(cliPath, 0o644)
    const finding = findClaude(places({ cliPath }))
    await expect(finding).rejects.toThrow('it is not executable')
  })

  test('without one, and nothing in any place, there is nothing', async () => {
    expect(await findClaude(places())).toBeUndefined()
  })
})

describe('without a configured path', () => {
  test('PATH comes before the install places; its order holds', async () => {
    program('.local/bin/claude')
    const first = program('a/claude')
    program('b/claude')
    const env = {
      PATH: ['relative', join(home, 'none'), join(home, 'a'), join(home, 'b')].join(':'),
    }
    expect(await findClaude(places({ env }))).toEqual({
      path: first,
      realPath: first,
      source: 'PATH',
    })
  })

  test.each([
    '.local/bin/claude',
    '.claude/local/claude',
    '.claude/local/node_modules/.bin/claude',
    '.npm-global/bin/claude',
    '.bun/bin/claude',
    '.volta/bin/claude',
    'node_modules/.bin/claude',
    '.nvm/versions/node/v22.1.0/bin/claude',
    '.local/share/fnm/node-versions/v22.1.0/installation/bin/claude',
  ])('%s is found', async (path) => {
    const full = program(path)
    expect(await findClaude(places())).toEqual({ path: full, realPath: full, source: 'install' })
  })

  test('the newest Node.js of nvm is asked first', async () => {
    program('.nvm/versions/node/v9.11.0/bin/claude')
    const newest = program('.nvm/versions/node/v22.3.0/bin/claude')
    program('.nvm/versions/node/v22.1.0/bin/claude')
    expect((await findClaude(places()))?.path).toBe(newest)
  })

  test('a link is followed for display', async () => {
    const real = program('.local/share/claude/versions/2.1.329')
    const link = join(home, '.local/bin/claude')
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(real, link)
    const found = await findClaude(places())
    expect(found).toEqual({ path: link, realPath: real, source: 'install' })
  })

  test('ccproxy, its wrapper, a folder and a file without the right to run are passed over', async () => {
    const self = program('ccproxy/ccproxy')
    mkdirSync(join(home, 'a'))
    symlinkSync(self, join(home, 'a/claude'))
    program('b/claude', '#!/usr/bin/env bash\nccproxy --mode sdk code "$@"\n')
    mkdirSync(join(home, 'c/claude'), { recursive: true })
    chmodSync(program('d/claude'), 0o644)
    const last = program('e/claude')
    const env = { PATH: ['a', 'b', 'c', 'd', 'e'].map((name) => join(home, name)).join(':') }
    expect((await findClaude(places({ env, self })))?.path).toBe(last)
  })
})

describe('the finder', () => {
  test('finds a later install, keeps it, and misses it when it goes', async () => {
    const env = { PATH: join(home, 'bin') }
    const finder = new ClaudeFinder(places({ env }))
    expect(await finder.find()).toBeUndefined()
    const path = program('bin/claude')
    expect((await finder.find())?.path).toBe(path)
    program('.local/bin/claude')
    expect((await finder.find())?.path).toBe(path)
    rmSync(path)
    expect((await finder.find())?.path).toBe(join(home, '.local/bin/claude'))
  })

  test('a new target of a link shows', async () => {
    const link = join(home, 'bin/claude')
    const old = program('versions/1')
    const next = program('versions/2')
    mkdirSync(dirname(link))
    symlinkSync(old, link)
    const finder = new ClaudeFinder(places({ env: { PATH: join(home, 'bin') } }))
    expect((await finder.find())?.realPath).toBe(old)
    rmSync(link)
    symlinkSync(next, link)
    expect((await finder.find())?.realPath).toBe(next)
  })
})

describe('Windows', () => {
  const machine = {
    home: 'C:\\Users\\me',
    platform: 'win32' as const,
    env: {
      Path: 'C:\\Windows;tools;D:\\bin',
      appdata: 'C:\\Users\\me\\AppData\\Roaming',
      LOCALAPPDATA: 'C:\\Users\\me\\AppData\\Local',
    },
  }

  test('Path in any case, without relative folders', () => {
    expect(pathFolders(machine)).toEqual(['C:\\Windows', 'D:\\bin'])
  })

  test('its own installer first, then npm and its like', () => {
    const folders = installFolders(machine)
    expect(folders[0]).toBe('C:\\Users\\me\\.local\\bin')
    expect(folders).toContain('C:\\Users\\me\\AppData\\Roaming\\npm')
    expect(folders).toContain('C:\\Users\\me\\AppData\\Local\\Volta\\bin')
  })

  test.skipIf(process.platform === 'win32')('the program behind the .cmd of npm', async () => {
    const cmd = program('bin/claude.cmd', '@ECHO off\r\n')
    const exe = program('bin/node_modules/@anthropic-ai/claude-code/bin/claude.exe', 'MZ')
    // On this system paths have other separators: the configured path alone shows it.
    const found = await findClaude(places({ cliPath: cmd }))
    expect(found).toEqual({ path: exe, realPath: cmd, source: 'sdk.cli_path' })
  })
})
