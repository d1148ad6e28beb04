import { afterAll, afterEach, beforeAll, describe, expect } from 'bun:test'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { version } from '../../package.json' with { type: 'json' }
import { archiveName, hostTarget } from '../../scripts/release/targets.ts'
import { InstallerUser } from '../support/installer.ts'
import { needs } from '../support/needs.ts'
import { ReleasePlace, releaseForHost } from '../support/release.ts'

const test = needs('busybox', 'curl', 'dash', 'wget')
const ARCHIVE = archiveName(version, hostTarget())

let place: ReleasePlace
let release = ''
const users: InstallerUser[] = []

beforeAll(async () => {
  place = new ReleasePlace()
  await place.addScript('0.0.8')
  await place.addScript('0.0.9')
  release = await releaseForHost({}, ['--repository', 'someone/ccproxy'])
  place.add(version, release)
}, 180_000)

afterEach(() => {
  place.setLatest(version)
  place.requests.length = 0
  for (const user of users.splice(0)) user.remove()
})

afterAll(async () => {
  await place.stop()
  rmSync(release, { recursive: true })
})

function newUser(...of: ConstructorParameters<typeof InstallerUser>): InstallerUser {
  const user = new InstallerUser(...of)
  users.push(user)
  return user
}

const from = () => ['--base-url', place.url]

const SHELLS: [string[], 'curl' | 'wget'][] = [
  [['dash'], 'curl'],
  [['dash'], 'wget'],
  [['busybox', 'sh'], 'wget'],
]

describe.each(SHELLS)('install.sh under %p with %s', (shell, downloader) => {
  test('installs the latest release, once', async () => {
    const user = newUser(shell, downloader)
    const first = await user.run(from())
    expect(first).toMatchObject({ code: 0, stderr: '' })
    const path = join(user.dir, 'ccproxy')
    expect(first.stdout).toContain(`Installed ccproxy ${version} (${hostTarget()}): ${path}\n`)
    expect(user.version()).toStartWith(`ccproxy ${version} (`)
    expect(user.installed()).toEqual(['ccproxy'])
    expect(readdirSync(user.home)).toEqual(['.local'])
    const { mode, ino } = statSync(path)
    expect(mode & 0o777).toBe(0o755)

    place.requests.length = 0
    const second = await user.run(from())
    expect(second.code).toBe(0)
    expect(second.stdout).toStartWith(`ccproxy ${version} is installed already: ${path}\n`)
    expect(place.requests).toEqual(['/latest/download/SHA256SUMS'])
    expect(statSync(path).ino).toBe(ino)
  }, 60_000)

  test('goes up and down between versions', async () => {
    const user = newUser(shell, downloader)
    for (const [wanted, found] of [
      ['0.0.8', '0.0.8'],
      ['v0.0.9', '0.0.9'],
      ['0.0.8', '0.0.8'],
    ] as const) {
      expect(await user.run([...from(), '--version', wanted])).toMatchObject({ code: 0 })
      expect(user.version()).toBe(`ccproxy ${found} (script)`)
      expect(user.installed()).toEqual(['ccproxy'])
    }
  })
})

describe('what install.sh does', () => {
  test('works through a pipe, and a script that was cut off does nothing', async () => {
    const script = readFileSync(join(release, 'install.sh'), 'utf8')
    const user = newUser()
    const args = [...from(), '--version=0.0.9']
    for (let cut = 0; cut < script.length - 2; cut += 397) {
      await user.run(args, {}, script.slice(0, cut))
      expect(readdirSync(user.home), `cut at ${cut}`).toEqual([])
    }
    expect(place.requests).toEqual([])
    expect(await user.run(args, {}, script)).toMatchObject({ code: 0 })
    expect(user.version()).toBe('ccproxy 0.0.9 (script)')
  }, 60_000)

  test('takes another place, by folder or prefix', async () => {
    const user = newUser()
    const args = [...from(), '--version', '0.0.9']
    expect(await user.run([...args, '--dir', 'a b'])).toMatchObject({ code: 0 })
    expect(await user.run([...args, '--prefix', join(user.home, 'p')])).toMatchObject({ code: 0 })
    expect(readdirSync(join(user.home, 'a b'))).toEqual(['ccproxy'])
    expect(readdirSync(join(user.home, 'p', 'bin'))).toEqual(['ccproxy'])
    expect(user.installed()).toEqual([])
  })

  test('installs again where told to', async () => {
    const user = newUser()
    const args = [...from(), '--version', '0.0.9']
    await user.run(args)
    const path = join(user.dir, 'ccproxy')
    writeFileSync(path, '#!/bin/sh\necho "ccproxy 0.0.9 (changed)"\n')
    expect((await user.run(args)).stdout).toContain('installed already')
    expect(user.version()).toContain('changed')
    await user.run([...args, '--force'])
    expect(user.version()).toBe('ccproxy 0.0.9 (script)')
  })

  test('uninstalls, twice if asked, and leaves settings alone', async () => {
    const user = newUser()
    const config = join(user.home, '.config', 'ccproxy')
    mkdirSync(config, { recursive: true })
    writeFileSync(join(config, 'config.toml'), '# mine\n')
    const before = statSync(join(config, 'config.toml')).mtimeMs
    await user.run([...from(), '--version', '0.0.9'])
    const path = join(user.dir, 'ccproxy')
    const gone = await user.run(['--uninstall'])
    expect(gone).toEqual({
      code: 0,
      stdout: `Removed ${path}. Settings and logins stay in ~/.config/ccproxy\n`,
      stderr: '',
    })
    expect(user.installed()).toEqual([])
    const again = await user.run(['--uninstall'])
    expect(again.stdout).toBe(`ccproxy is not installed in ${user.dir}\n`)
    expect(again.code).toBe(0)
    expect(readFileSync(join(config, 'config.toml'), 'utf8')).toBe('# mine\n')
    expect(statSync(join(config, 'config.toml')).mtimeMs).toBe(before)
  })

  test.each([
    [
      'systemd',
      {},
      '.config/systemd/user/ccproxy.service',
      (path: string) => `ExecStart="${path}" serve\n`,
    ],
    [
      'systemd elsewhere',
      { XDG_CONFIG_HOME: 'xdg' },
      'xdg/systemd/user/ccproxy.service',
      (path: string) => `ExecStart=${path} serve\n`,
    ],
    [
      'launchd',
      {},
      'Library/LaunchAgents/io.ccproxy.agent.plist',
      (path: string) => `<string>${path}</string>\n`,
    ],
  ])('uninstalls nothing that a service of %s starts', async (_manager, env, unit, text) => {
    const user = newUser()
    await user.run([...from(), '--version', '0.0.9'])
    const path = join(user.dir, 'ccproxy')
    const file = join(user.home, unit)
    mkdirSync(dirname(file), { recursive: true })
    const folders = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, join(user.home, value)]),
    )
    writeFileSync(file, text('/opt/another/bin/ccproxy'))
    expect((await user.run(['--uninstall'], folders)).code).toBe(0)
    await user.run([...from(), '--version', '0.0.9'])
    writeFileSync(file, text(path))
    expect(await user.run(['--uninstall'], folders)).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error: A service starts ${path} (${file}): run "${path} service uninstall" first, or say --force. Nothing was removed\n`,
    })
    expect(user.installed()).toEqual(['ccproxy'])
    expect((await user.run(['--uninstall', '--force'], folders)).code).toBe(0)
    expect(user.installed()).toEqual([])
  })

  test('chooses the archive by system, processor and libc', async () => {
    const target = async (uname: [string, string], more: [string, string][] = []) => {
      const user = newUser()
      const [system, machine] = uname
      await user.pretend('uname', `case $1 in -s) echo ${system} ;; -m) echo ${machine} ;; esac`)
      for (const [tool, script] of more) await user.pretend(tool, script)
      const { stderr } = await user.run([...from(), '--version', '0.0.9'])
      return /does not name (\S+)/.exec(stderr)?.[1] ?? stderr
    }
    const musl: [string, string][] = [
      ['getconf', 'exit 1'],
      ['ldd', 'echo "musl libc (aarch64)" >&2; exit 1'],
    ]
    expect(await target(['Linux', 'aarch64'])).toBe('ccproxy-0.0.9-linux-arm64.tar.gz')
    expect(await target(['Linux', 'aarch64'], musl)).toBe('ccproxy-0.0.9-linux-arm64-musl.tar.gz')
    expect(await target(['Linux', 'amd64'], musl)).toBe('ccproxy-0.0.9-linux-x64-musl.tar.gz')
    expect(await target(['Darwin', 'arm64'])).toBe('ccproxy-0.0.9-macos-arm64.tar.gz')
    const intel: [string, string][] = [['sysctl', 'echo 0']]
    expect(await target(['Darwin', 'x86_64'], intel)).toBe('ccproxy-0.0.9-macos-x64.tar.gz')
    const rosetta: [string, string][] = [['sysctl', 'echo 1']]
    expect(await target(['Darwin', 'x86_64'], rosetta)).toBe('ccproxy-0.0.9-macos-arm64.tar.gz')
    expect(await target(['Linux', 'riscv64'])).toContain('no ccproxy for Linux on riscv64')
    expect(await target(['FreeBSD', 'amd64'])).toContain('no ccproxy for FreeBSD on amd64')
    expect(await target(['MINGW64_NT-10.0', 'x86_64'])).toContain('On Windows, unpack')
  })

  test('knows where releases are by name, and a release’s own copy by itself', async () => {
    const user = newUser()
    await user.pretend('curl', 'for last; do :; done; echo "$last" >&2; exit 6')
    const url = 'https://github.com/someone/ccproxy/releases/latest/download/SHA256SUMS'
    const named = await user.run([], { CCPROXY_REPOSITORY: 'someone/ccproxy' })
    expect(named.stderr).toBe(`${url}\nError: Cannot download ${url}: see above\n`)
    const own = await user.run([], {}, readFileSync(join(release, 'install.sh'), 'utf8'))
    expect(own.stderr).toBe(named.stderr)
    const nowhere = await user.run([])
    expect(nowhere.code).toBe(1)
    expect(nowhere.stderr).toContain('set CCPROXY_REPOSITORY=owner/name or say --base-url')
  })
})

describe('what install.sh says of the PATH', () => {
  const advice = async (env: Record<string, string>, user = newUser()) => {
    const { stdout } = await user.run([...from(), '--version', '0.0.9'], env)
    return { user, stdout }
  }

  test('the line for each shell', async () => {
    const { user, stdout } = await advice({ SHELL: '/bin/bash' })
    const line = `echo 'export PATH="${user.dir}:$PATH"' >> ~/.bashrc`
    expect(stdout).toContain(`is not on your PATH. Add it and open a new terminal:\n  ${line}\n`)
    const command = `${line}; . ~/.bashrc; command -v ccproxy`
    const bash = Bun.spawnSync(['bash', '-c', command], { env: { HOME: user.home, PATH: '/bin' } })
    expect(bash.stdout.toString().trim()).toBe(join(user.dir, 'ccproxy'))
    expect((await advice({ SHELL: '/usr/bin/zsh' })).stdout).toContain('>> ~/.zshrc\n')
    expect((await advice({ SHELL: '/usr/bin/fish' })).stdout).toContain('  fish_add_path ')
    const unknown = (await advice({ SHELL: '/bin/tcsh' })).stdout
    for (const shell of ['bash: ', 'zsh: ', 'fish: ']) expect(unknown).toContain(`  ${shell}`)
  })

  test('nothing where it is there, and who comes first otherwise', async () => {
    const user = newUser()
    const PATH = `${user.tools}:${user.dir}`
    expect((await advice({ PATH }, user)).stdout).toEndWith(`${join(user.dir, 'ccproxy')}\n`)
    await user.pretend('ccproxy', 'echo other')
    const { stdout } = await advice({ PATH }, user)
    expect(stdout).toContain(`Another one comes first on your PATH: ${user.tools}/ccproxy\n`)
  })
})

describe('the archive of a release', () => {
  test('holds the binary and its documents, and its sums fit', async () => {
    const listed = Bun.spawnSync(['tar', '-tzf', ARCHIVE], { cwd: release }).stdout.toString()
    const folder = `ccproxy-${version}-${hostTarget()}`
    const names = [
      ...['CHANGELOG.md', 'LICENSE', 'README.md', 'ccproxy', 'completions/_ccproxy'],
      ...['completions/ccproxy.bash', 'completions/ccproxy.fish', 'completions/ccproxy.ps1'],
      ...['systemd/ccproxy.service', 'systemd/ccproxy.sysusers.conf'],
    ]
    expect(listed).toBe(names.map((name) => `${folder}/${name}\n`).join(''))
    const checked = Bun.spawnSync(['sha256sum', '--check', 'SHA256SUMS'], { cwd: release })
    expect(checked.stdout.toString().trim().split('\n')).toEqual(
      [ARCHIVE, `ccproxy-${version}.cdx.json`, 'install.sh'].map((name) => `${name}: OK`),
    )
  })
})
