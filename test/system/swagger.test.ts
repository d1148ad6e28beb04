import { afterAll, beforeAll, describe, expect } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPage, type Page } from '../support/chromium.ts'
import { needs } from '../support/needs.ts'

const test = needs('chromium')
const root = join(import.meta.dir, '../..')
const KEY = 'key-of-the-test'
const PATHS = `[...document.querySelectorAll('.opblock-summary-path')].map((node) => node.innerText.replaceAll('\\u200b', ''))`
const OPERATIONS = ['/health', '/v1/messages', '/v1/models/{id}']

let folder: string
let program: string

beforeAll(() => {
  // Compiled, because a binary finds its embedded files in another way than the source does.
  folder = mkdtempSync(join(tmpdir(), 'ccproxy-swagger-'))
  program = join(folder, 'server')
  const { exitCode, stderr } = Bun.spawnSync(
    [
      process.execPath,
      'build',
      '--compile',
      '--bytecode',
      '--format=esm',
      '--minify-whitespace',
    ].concat('--minify-syntax', '--outfile', program, 'test/support/swagger-server.ts'),
    { cwd: root },
  )
  if (exitCode !== 0) throw new Error(stderr.toString())
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Opens /swagger of the compiled server in a browser, hands it over, and puts everything away. */
async function withPage(args: string[], use: (page: Page, origin: string) => Promise<void>) {
  const server = Bun.spawn([program, ...args], { cwd: folder, stderr: 'inherit' })
  const { value } = await server.stdout.getReader().read()
  const origin = `http://127.0.0.1:${new TextDecoder().decode(value).trim()}`
  const page = await openPage(`${origin}/swagger`)
  try {
    await use(page, origin)
    expect(page.requested.length).toBeGreaterThan(3)
    const origins = page.requested.map((url) => new URL(url).origin)
    expect([...new Set(origins)]).toEqual([origin])
  } finally {
    await page.close()
    server.kill()
    await server.exited
  }
}

describe('the page of /swagger, from a compiled binary', () => {
  test('shows every operation and asks no other host for anything', async () => {
    await withPage([], async (page) => {
      await page.until(`${PATHS}.length === 3`)
      expect(await page.evaluate(`${PATHS}.sort()`)).toEqual(OPERATIONS)
      await page.evaluate(`document.querySelector('.opblock-summary-control').click(), 0`)
      await page.until(`document.querySelector('.opblock-body') !== null`)
      expect(page.complaints).toEqual([])
      const screenshot = process.env.CCPROXY_TEST_SCREENSHOT
      if (screenshot !== undefined) await Bun.write(screenshot, await page.screenshot())
    })
  }, 60_000)

  test('is held by its policy: a request to another host never leaves', async () => {
    await withPage([], async (page) => {
      await page.until(`${PATHS}.length === 3`)
      const blocked = `fetch('http://127.0.0.2:9/').then(() => 'sent', (error) => error.name)`
      expect(await page.evaluate(blocked)).toBe('TypeError')
      expect(page.complaints.join('\n')).toContain('Content Security Policy')
    })
  }, 60_000)

  test('asks for the client key where one is set, and takes only the right one', async () => {
    const submit = (key: string) => `(() => {
      const form = document.querySelector('#key-form')
      form.elements.key.value = ${JSON.stringify(key)}
      form.requestSubmit()
    })()`
    const text = `document.querySelector('#message').innerText`
    await withPage([KEY], async (page) => {
      await page.until(`!document.querySelector('#key-form').hidden`)
      expect(await page.evaluate(text)).toBe('This ccproxy asks for its client key.')
      await page.evaluate(submit('wrong'))
      await page.until(`${text} === 'That key was refused.'`)
      await page.evaluate(submit(KEY))
      await page.until(`${PATHS}.length === 3`)
      expect(await page.evaluate(`document.querySelector('#key-form').hidden`)).toBe(true)
      expect(await page.evaluate('location.href + document.cookie')).not.toContain(KEY)
    })
  }, 60_000)
})
