import { afterEach, describe, expect, test } from 'bun:test'
import { fakeContext } from './fake-context.ts'

const servers: { stop(hard: boolean): unknown }[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.stop(true)
})

function releases(answer: unknown, status = 200): string {
  const body = typeof answer === 'string' ? answer : JSON.stringify(answer)
  const fetch = () => new Response(body, { status })
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch })
  servers.push(server)
  return `http://127.0.0.1:${server.port}/releases`
}

async function check(url: string, ...args: string[]) {
  const world = fakeContext({ env: { CCPROXY_RELEASES_URL: url } })
  const code = await world.run('version', '--check', ...args)
  return { code, out: world.stdout(), err: world.stderr() }
}

const page = 'https://git.example/releases/v1.10.0'

describe('version --check', () => {
  test.each([
    ['one release', { tag_name: 'v1.10.0', html_url: page }],
    [
      'a list',
      [{ tag_name: 'v1.9.0' }, { tag_name: 'v1.10.0', html_url: page }, { tag_name: 'x' }],
    ],
    [
      'a list with what is not out yet',
      [
        { tag_name: 'v2.0.0', draft: true },
        { tag_name: 'v1.11.0-rc.1', prerelease: true },
        { tag_name: 'v1.10.0', html_url: page },
      ],
    ],
  ])('finds a newer version in %s', async (_, answer) => {
    const { code, out } = await check(releases(answer))
    expect([code, out]).toEqual([0, `ccproxy 1.2.3 (abc1234)\nccproxy 1.10.0 is out: ${page}\n`])
  })

  test('says so where there is none', async () => {
    expect((await check(releases('v1.2.3\n'))).out).toEndWith('There is no newer one\n')
    const { out } = await check(releases({ tag_name: 'v1.0.0' }), '--json')
    expect(JSON.parse(out)).toEqual({
      ...{ version: '1.2.3', commit: 'abc1234', latest: '1.0.0', newer: false, url: null },
    })
  })

  test('fails where nobody tells', async () => {
    const failed = await check(releases('no', 500))
    expect(failed.code).toBe(1)
    expect(failed.err).toContain('it answers with 500')
    expect((await check(releases('<html>'))).err).toContain('names no release')
    expect((await check('')).err).toContain('No address of releases is set: give --releases-url')
  })

  test('asks nobody unless asked', async () => {
    let asked = 0
    const fetch = () => {
      asked += 1
      return new Response('9.9.9')
    }
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch })
    servers.push(server)
    const env = { CCPROXY_RELEASES_URL: `http://127.0.0.1:${server.port}` }
    await fakeContext({ env }).run('version')
    expect(asked).toBe(0)
    await fakeContext({ env }).run('version', '--check')
    expect(asked).toBe(1)
  })
})
