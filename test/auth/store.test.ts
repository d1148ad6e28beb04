import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lock } from 'proper-lockfile'
import { CredentialStore } from '../../src/auth/store.ts'
import type { StoredLogin } from '../../src/auth/stored-login.ts'
import { Secret } from '../../src/kit/secret.ts'

const LOGIN: StoredLogin = {
  accessToken: new Secret('sk-ant-oat01-canary'),
  refreshToken: new Secret('sk-ant-ort01-canary'),
  expiresAt: 1_753_400_000_000,
  scopes: ['user:inference'],
  subscriptionType: 'max',
}

let folder: string
let path: string
let store: CredentialStore
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ccproxy-store-'))
  path = join(folder, 'config', 'credentials.json')
  store = new CredentialStore(path)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const mode = async (file: string) => ((await stat(file)).mode & 0o777).toString(8)
const save = (login = LOGIN) => store.locked(() => store.saveLogin(login))
async function write(text: string, fileMode = 0o600): Promise<void> {
  await mkdir(join(folder, 'config'), { recursive: true })
  await writeFile(path, text)
  await chmod(path, fileMode)
}

test('Nothing is there at first, and reading makes nothing', async () => {
  expect(await store.read()).toEqual({ login: undefined, termsAcceptedAt: undefined })
  expect(await store.version()).toBe('none')
  expect(await readdir(folder)).toEqual([])
})

test('A login comes back as it was saved, in a file that only its owner reads', async () => {
  await store.locked(() => store.saveNew(LOGIN, '2026-11-21T12:00:00.000Z'))
  const { login, termsAcceptedAt } = await new CredentialStore(path).read()
  expect(login?.accessToken.reveal()).toBe('sk-ant-oat01-canary')
  expect(login?.refreshToken?.reveal()).toBe('sk-ant-ort01-canary')
  expect({ ...login, accessToken: 0, refreshToken: 0 }).toEqual({
    ...LOGIN,
    accessToken: 0,
    refreshToken: 0,
  })
  expect(termsAcceptedAt).toBe('2026-11-21T12:00:00.000Z')
  expect(await mode(path)).toBe('600')
  expect(await mode(join(folder, 'config'))).toBe('700')
  expect(await readdir(join(folder, 'config'))).toEqual(['credentials.json'])
})

test('A folder that others could read is closed to them on saving', async () => {
  await mkdir(join(folder, 'config'), { mode: 0o755 })
  await save()
  expect(await mode(join(folder, 'config'))).toBe('700')
})

test('Keys that are not ours survive a save, inside the login too', async () => {
  const before = {
    mcpOAuth: { a: [1, { b: null }] },
    claudeAiOauth: { accessToken: 'x', rateLimitTier: 'tier', scopes: [] },
    organizationUuid: 'o',
  }
  await write(JSON.stringify(before))
  await save()
  const after: unknown = JSON.parse(await readFile(path, 'utf8'))
  expect(after).toMatchObject({
    mcpOAuth: { a: [1, { b: null }] },
    organizationUuid: 'o',
    claudeAiOauth: { accessToken: 'sk-ant-oat01-canary', rateLimitTier: 'tier' },
  })
})

test('Acceptance is added to an older file, and a login that does not end is one', async () => {
  await write('{"claudeAiOauth":{"accessToken":"x","expiresAt":null}}')
  await store.locked(() => store.saveAcceptance('2026-11-21T12:00:00.000Z'))
  const { login, termsAcceptedAt } = await store.read()
  expect(termsAcceptedAt).toBe('2026-11-21T12:00:00.000Z')
  expect(login).toMatchObject({ expiresAt: undefined, refreshToken: undefined, scopes: [] })
})

test('A save follows a link and sweeps up what a killed save left', async () => {
  const real = join(folder, 'dotfiles', 'secret.json')
  await mkdir(join(folder, 'dotfiles'))
  await writeFile(real, '{"kept":1}', { mode: 0o600 })
  await writeFile(`${real}.1-dead.tmp`, '{')
  await mkdir(join(folder, 'config'))
  await symlink(real, path)
  await save()
  expect(await readFile(real, 'utf8')).toContain('"kept": 1')
  expect(await readdir(join(folder, 'dotfiles'))).toEqual(['secret.json'])
})

test('Logout removes the file and says whether there was one', async () => {
  await save()
  expect(await store.remove()).toBe(true)
  expect(await store.remove()).toBe(false)
  expect(await readdir(join(folder, 'config'))).toEqual([])
})

describe('A file that cannot be used is named with what to do', () => {
  const what = 'restore it, or delete it and run "ccproxy auth login"'
  test.each([
    ['{"claudeAiOauth":{"acc', `it is not JSON; ${what}`],
    ['', `it is not JSON; ${what}`],
    ['[]', `it is not a JSON object; ${what}`],
    ['{"claudeAiOauth":{"accessToken":7}}', `"claudeAiOauth" is not as expected; ${what}`],
    ['{"termsAcceptedAt":false}', `"termsAcceptedAt" is not as expected; ${what}`],
  ])('%s', async (text, message) => {
    await write(text)
    const expected = `Cannot use credentials file "${path}": ${message}`
    await expect(store.read()).rejects.toThrow(expected)
    await expect(save()).rejects.toThrow(expected)
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  test('Others can read it', async () => {
    await write('{}', 0o644)
    await expect(store.read()).rejects.toThrow(
      `Cannot use credentials file "${path}": its mode 644 lets others read it; run "chmod 600 ${path}"`,
    )
  })

  test('It is a folder, or its folder is a file', async () => {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await expect(store.read()).rejects.toThrow(`Cannot read credentials file "${path}": EISDIR`)
    const inFile = new CredentialStore(join(folder, 'file', 'credentials.json'))
    await writeFile(join(folder, 'file'), '')
    await expect(inFile.locked(() => inFile.saveLogin(LOGIN))).rejects.toThrow(
      'Cannot write credentials file',
    )
  })
})

describe('The lock', () => {
  test('Is the one of proper-lockfile: each holds the other off', async () => {
    const impatient = new CredentialStore(path, { lockWaitMs: 100 })
    await mkdir(join(folder, 'config'))
    const release = await lock(path, { realpath: false })
    await expect(impatient.locked(() => Promise.resolve())).rejects.toThrow(
      `Cannot lock credentials file "${path}": another process holds "${path}.lock"; end it, then try again`,
    )
    await release()
    await impatient.locked(async () => {
      await expect(lock(path, { realpath: false })).rejects.toThrow('already being held')
    })
  })

  test('Is taken over from a holder that died', async () => {
    await mkdir(`${path}.lock`, { recursive: true })
    const old = new Date(Date.now() - 11_000)
    await utimes(`${path}.lock`, old, old)
    await save()
    expect(await readdir(join(folder, 'config'))).toEqual(['credentials.json'])
  })

  test('Lets one in at a time and is released after a failure', async () => {
    let inside = 0
    let most = 0
    const work = async () => {
      inside += 1
      most = Math.max(most, inside)
      await Bun.sleep(5)
      inside -= 1
    }
    await Promise.all([
      store.locked(work),
      store.locked(work),
      new CredentialStore(path).locked(work),
    ])
    expect(most).toBe(1)
    await expect(store.locked(() => Promise.reject(new Error('inner')))).rejects.toThrow('inner')
    await store.locked(work)
  })
})

test('Killed at random moments, 200 times, a save leaves the old file or the new one', async () => {
  const lane = async (file: string) => {
    for (let kill = 0; kill < 100; kill += 1) {
      const child = await startSaving(file)
      await Bun.sleep(Math.random() * 4)
      child.kill('SIGKILL')
      await child.exited
      expect(child.signalCode).toBe('SIGKILL')
      const { login } = await new CredentialStore(file).read()
      const token = login?.accessToken.reveal() ?? ''
      const digit = token.slice(0, 1)
      expect(token === digit.repeat(20_000 * (Number(digit) + 1)) && digit !== '').toBe(true)
      expect(await mode(file)).toBe('600')
    }
  }
  const lanes = [lane(path), lane(join(folder, 'other', 'credentials.json'))]
  // Both to their end, so that a failure of one leaves no process of the other behind.
  const failures = (await Promise.allSettled(lanes)).filter((one) => one.status === 'rejected')
  expect(failures).toEqual([])
}, 60_000)

async function startSaving(file: string) {
  const script = join(import.meta.dir, '..', 'support', 'save-forever.ts')
  const child = Bun.spawn([process.execPath, script, file], { stdout: 'pipe', stderr: 'inherit' })
  await child.stdout.getReader().read() // It saves from here on.
  return child
}
