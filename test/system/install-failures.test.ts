import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'bun:test'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { archiveName, hostTarget } from '../../scripts/release/targets.ts'
import { freePort } from '../support/ccproxy.ts'
import { ROOT } from '../support/child.ts'
import { InstallerUser } from '../support/installer.ts'
import { needs } from '../support/needs.ts'
import { startRawServer } from '../support/raw-server.ts'
import { ReleasePlace } from '../support/release.ts'
import { until } from '../support/wait.ts'

const test = needs('busybox', 'curl', 'dash', 'wget')
const INSTALLED = 'ccproxy 0.0.8 (script)'
const ARCHIVE = archiveName('0.0.9', hostTarget())

let place: ReleasePlace
let user: InstallerUser

beforeAll(async () => {
  place = new ReleasePlace()
  await place.addScript('0.0.8')
  await place.addScript('0.0.9')
})

beforeEach(async () => {
  user = new InstallerUser()
  await user.run([...from(), '--version', '0.0.8'])
  place.requests.length = 0
})

afterEach(() => {
  place.instead = () => undefined
  user.remove()
})

afterAll(() => place.stop())

const from = () => ['--base-url', place.url]

/** Runs it where it has to fail, and checks that everything is as it was. */
async function refused(args: readonly string[], of = user): Promise<string> {
  const { code, stderr } = await of.run(args)
  expect(code).toBe(1)
  expect(user.version()).toBe(INSTALLED)
  expect(user.installed()).toEqual(['ccproxy'])
  expect(readdirSync(user.home)).toEqual(['.local'])
  return stderr
}

describe('install.sh leaves everything as it was', () => {
  test('where the archive is not what the sums say', async () => {
    place.instead = (path) => (path.endsWith(ARCHIVE) ? new Response('evil') : undefined)
    const said = await refused(from())
    expect(said).toContain(`${ARCHIVE} is not what SHA256SUMS says: its sum is `)
    place.instead = (path) => {
      if (!path.endsWith('SHA256SUMS')) return undefined
      return new Response(`${'0'.repeat(64)}  ${ARCHIVE}\n`)
    }
    expect(await refused(from())).toContain(`and should be ${'0'.repeat(64)}`)
  })

  test('where the download breaks off', async () => {
    const cutting = await startRawServer(async ({ socket, write }) => {
      await write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf of it')
      socket.destroy()
    })
    const cut = (name: string) => (path: string) =>
      path.endsWith(name) ? Response.redirect(cutting.url) : undefined
    const withWget = new InstallerUser(['dash'], 'wget', user.home)
    for (const one of [user, withWget]) {
      place.instead = cut(ARCHIVE)
      const said = await refused(from(), one)
      expect(said).toContain(`Cannot download ${place.url}/download/v0.0.9/${ARCHIVE}`)
      place.instead = cut('SHA256SUMS')
      expect(await refused(from(), one)).toContain('Cannot download')
    }
    expect(cutting.open.total).toBeGreaterThanOrEqual(4)
    withWget.remove()
    await cutting.close()
  })

  test('where the user stops it in the middle of a download', async () => {
    place.instead = (path) => {
      if (!path.endsWith(ARCHIVE)) return undefined
      return new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }))
    }
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      place.requests.length = 0
      const child = user.start(from())
      await until('the download goes on', () => place.requests.length === 2)
      expect(user.installed()).toHaveLength(2)
      process.kill(-child.pid, signal)
      expect(await child.exited).toBe(code)
      expect(user.installed()).toEqual(['ccproxy'])
    }
    expect(user.version()).toBe(INSTALLED)
  })

  test('where nothing answers, or there is no such version', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`
    const url = `${nobody}/latest/download/SHA256SUMS`
    expect(await refused(['--base-url', nobody])).toContain(
      `Error: Cannot download ${url}: see above`,
    )
    const missing = await refused([...from(), '--version', '9.9.9'])
    expect(missing).toContain(`Cannot download ${place.url}/download/v9.9.9/SHA256SUMS`)
    place.instead = () => new Response('<html>sign in first</html>')
    expect(await refused(from())).toContain(`names no archive for ${hostTarget()}`)
  })

  test('where the binary does not run here, or is another one', async () => {
    await place.addScript('0.0.10', 'echo "needs a newer processor" >&2; exit 1')
    expect(await refused(from())).toContain(
      'The binary does not run on this machine as 0.0.10: needs a newer processor\n',
    )
    await place.addScript('0.0.11', 'echo "ccproxy 6.6.6 (x)"')
    expect(await refused(from())).toContain('as 0.0.11: ccproxy 6.6.6 (x)\n')
    place.setLatest('0.0.9')
  })

  test('where it may not write, or would write over a folder', async () => {
    writeFileSync(join(user.home, '.local', 'file'), '')
    expect(await refused([...from(), '--dir', join(user.home, '.local/file/x')])).toContain(
      'Cannot make ',
    )
    // Nobody may make files there, not even root.
    expect(await refused([...from(), '--dir', '/proc/self'])).toContain(
      'Cannot write in /proc/self',
    )
    const folder = join(user.home, '.local', 'other')
    mkdirSync(join(folder, 'ccproxy'), { recursive: true })
    expect(await refused([...from(), '--dir', folder])).toContain('ccproxy is a folder')
    expect(await refused(['--uninstall', '--dir', folder])).toContain('nothing was removed')
  })

  test('where a tool is missing', async () => {
    const without = new InstallerUser(['dash'], 'none', user.home)
    expect(await refused(from(), without)).toContain('Neither curl nor wget is installed')
    await Bun.$`rm ${join(user.tools, 'sha256sum')}`.quiet()
    expect(await refused(from())).toContain('so nothing can be checked')
    expect(place.requests).toEqual([])
    without.remove()
  })

  test('where the place is not safe', async () => {
    for (const [url, reason] of [
      ['http://example.com/releases', 'is not safe to install from: use https'],
      ['http://127.0.0.1.example.com', 'is not safe to install from'],
      ['http://127.0.0.1:80@example.com/', 'holds a user name'],
      ['ftp://example.com', 'is no https URL'],
    ] as const) {
      expect(await refused(['--base-url', url]), url).toContain(reason)
    }
  })

  test('where the command line is wrong', async () => {
    for (const args of [
      ['--verison', '1'],
      ['--version'],
      ['--version='],
      ['--version', '../1'],
      ['--dir', 'a', '--prefix', 'b'],
      ['now'],
    ]) {
      const { code, stdout, stderr } = await user.run(args)
      expect({ code, stdout }, args.join(' ')).toEqual({ code: 2, stdout: '' })
      expect(stderr).toStartWith('Error: ')
    }
    expect(await user.run(['--help'])).toMatchObject({ code: 0, stderr: '' })
  })
})

needs(
  'bwrap',
  'curl',
  'dash',
)('install.sh leaves everything as it was on a full disk', async () => {
  const size = 2 ** 20
  await place.addScript('0.0.12', `# ${'x'.repeat(2 * size)}\necho "ccproxy 0.0.12 (big)"`)
  const dir = join(user.home, 'full')
  mkdirSync(dir)
  const script = join(ROOT, 'scripts', 'install.sh')
  const command = `sh ${script} --base-url ${place.url} --dir ${dir}; echo "ended $?"; ls -A ${dir}`
  const child = Bun.spawn(
    [
      ...['bwrap', '--dev-bind', '/', '/', '--size', String(size), '--tmpfs', dir],
      ...['dash', '-c', command],
    ],
    { env: { HOME: user.home, PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
  expect(stderr).toContain(`Cannot unpack ${archiveName('0.0.12', hostTarget())} in ${dir}`)
  expect(stdout).toEndWith('ended 1\n')
  place.setLatest('0.0.9')
})
