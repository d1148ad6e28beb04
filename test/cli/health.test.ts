import { afterEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { freePort, startCcproxy } from '../support/ccproxy.ts'
import { ROOT, tempDir } from '../support/child.ts'
import { fakeContext } from './fake-context.ts'

const stops: (() => unknown)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

function server(answer: () => Response | Promise<Response>): string {
  const started = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: answer })
  stops.push(() => started.stop(true))
  return String(started.port)
}

async function check(...args: string[]) {
  const world = fakeContext()
  const code = await world.run('health', ...args)
  return { code, stdout: world.stdout(), stderr: world.stderr() }
}

describe('health', () => {
  test('finds a running ccproxy, also past a proxy of the environment and behind a key', async () => {
    const proxy = await startCcproxy({ env: { AUTH_TOKEN: 'key-of-the-test', HOST: '0.0.0.0' } })
    stops.push(proxy.stop)
    const home = tempDir()
    stops.push(home.remove)
    const nobody = `http://127.0.0.1:${await freePort()}`
    const child = Bun.spawn([process.execPath, join(ROOT, 'src/main.ts'), 'health'], {
      cwd: home.path,
      env: {
        ...{ HOME: home.path, HOST: '0.0.0.0', PORT: String(proxy.port) },
        ...{ AUTH_TOKEN: 'key-of-the-test', HTTP_PROXY: nobody, http_proxy: nobody },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    expect(await child.stderr.text()).toBe('')
    expect(await child.stdout.text()).toBe(`ccproxy is alive at http://127.0.0.1:${proxy.port}\n`)
    expect(await child.exited).toBe(0)
  })

  test('says where nothing answers, and exits with 1', async () => {
    const port = await freePort()
    const { code, stdout, stderr } = await check('--port', String(port))
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(`Nothing alive answers at http://127.0.0.1:${port}: `)
    expect(stderr).toContain('start it with "ccproxy serve"')
  })

  test('takes no other server for ccproxy', async () => {
    const page = server(() => new Response('hello'))
    expect(await check('--port', page)).toMatchObject({ code: 1 })
    const health = { 'content-type': 'application/health+json' }
    const ill = server(() => new Response('{}', { status: 503, headers: health }))
    const { code, stderr } = await check('--port', ill)
    expect(code).toBe(1)
    expect(stderr).toContain('503 application/health+json')
  })

  test('gives up on one that never answers', async () => {
    const port = server(() => new Promise(() => undefined))
    const { code, stderr } = await check('--port', port)
    expect(code).toBe(1)
    expect(stderr).toContain('it does not answer')
  }, 15_000)

  test('needs a port that can be known', async () => {
    expect(await check('--port', '0')).toMatchObject({ code: 2 })
  })
})
