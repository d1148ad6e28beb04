import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { isolate } from '../../../src/provider/claude-sdk/isolation.ts'
import type {
  IsolationOptions,
  SpawnSpec,
} from '../../../src/provider/claude-sdk/isolation-options.ts'
import { isolationOptions } from '../../support/isolated.ts'

const IDENTITY = { name: 'ccproxy-claude-1', user: '501:20' }
/** What a container always gets, before its mounts. */
const LIMITS = [
  ...['run', '--rm', '--interactive', '--init', '--name', 'ccproxy-claude-1'],
  ...['--label', 'ccproxy=claude', '--pull', 'never', '--log-driver', 'none'],
  ...['--network', 'bridge', '--user', '501:20', '--cap-drop', 'ALL'],
  ...['--security-opt', 'no-new-privileges', '--pids-limit', '2048', '--read-only'],
]
const SCRATCH = 'rw,exec,nosuid,nodev,mode=1777,uid=501,gid=20'

let home: string

beforeAll(() => {
  // Not in /tmp, which is private under bwrap.
  home = mkdtempSync(join(homedir(), '.ccproxy-test-isolation-'))
})

afterAll(() => rmSync(home, { recursive: true, force: true }))

/** A user's home of these files; those that end in a slash are folders. */
function user(name: string, ...files: string[]) {
  const path = join(home, name)
  for (const file of ['work/', 'more/', '.config/ccproxy/config.toml', ...files]) {
    const at = join(path, file)
    mkdirSync(file.endsWith('/') ? at : dirname(at), { recursive: true })
    if (!file.endsWith('/')) writeFileSync(at, '')
  }
  const options = (
    kind: IsolationOptions['kind'],
    docker: Partial<IsolationOptions['docker']> = {},
  ) => {
    const folders = { more: join(path, 'more'), config: join(path, '.config/ccproxy') }
    return isolationOptions(kind, folders, { image: 'image', ...docker })
  }
  const spec: SpawnSpec = {
    command: '/opt/claude',
    args: ['--verbose', '--model', 'm'],
    cwd: join(path, 'work'),
    env: { HOME: path, PATH: '/bin', ANTHROPIC_API_KEY: 'sk-secret', TMPDIR: '/tmp/of-mine' },
  }
  return { path, options, spec, in: (file: string) => join(path, file) }
}

/** The mounts among bwrap's arguments, `--bind /a`; of a folder's own they say the path once. */
function bwrapMounts(args: readonly string[]): string[] {
  const mounts: string[] = []
  args.forEach((arg, at) => {
    if (/^--(ro-)?bind(-try)?$/.test(arg)) {
      mounts.push(
        args[at + 1] === args[at + 2]
          ? `${arg} ${args[at + 2]}`
          : `${arg} ${args[at + 1]} ${args[at + 2]}`,
      )
    }
    if (arg === '--tmpfs' || arg === '--remount-ro') mounts.push(`${arg} ${args[at + 1]}`)
  })
  return mounts
}

function valuesOf(args: readonly string[], flag: string): string[] {
  return args.filter((_, at) => args[at - 1] === flag)
}

describe('no isolation', () => {
  test('changes nothing', () => {
    const { spec, options } = user('none')
    expect(isolate(spec, options('none'), IDENTITY)).toBe(spec)
  })
})

describe('docker', () => {
  test('has these arguments, and values of the environment in none of them', () => {
    const me = user('docker')
    const isolated = isolate(me.spec, me.options('docker'), IDENTITY)
    const bind = (path: string) => `type=bind,source=${path},target=${path}`
    expect(isolated.command).toBe('docker')
    expect(isolated.args).toEqual([
      ...LIMITS,
      ...['--tmpfs', `/tmp:${SCRATCH}`, '--tmpfs', `${me.path}:${SCRATCH}`],
      ...['--mount', bind(me.in('work')), '--mount', bind(me.in('more'))],
      ...['--tmpfs', `${me.in('.claude')}:${SCRATCH}`],
      ...['--workdir', me.in('work'), '--env', 'HOME', '--env', 'ANTHROPIC_API_KEY'],
      ...['--entrypoint', 'claude', 'image', '--verbose', '--model', 'm'],
    ])
    expect(isolated.env).toEqual(me.spec.env)
    expect(isolated.ending).toEqual({
      command: 'docker',
      args: ['rm', '--force', 'ccproxy-claude-1'],
      env: me.spec.env,
    })
  })

  test('takes each of its settings', () => {
    const me = user('docker-settings')
    const options = me.options('docker', {
      command: 'podman',
      cliPath: '/usr/bin/claude',
      mounts: ['/data:/data:ro'],
      user: '0:0',
      network: 'host',
      args: ['--memory', '4g'],
    })
    const { command, args, ending } = isolate(me.spec, options, IDENTITY)
    expect([command, ending?.command]).toEqual(['podman', 'podman'])
    expect(valuesOf(args, '--volume')).toEqual(['/data:/data:ro'])
    expect(valuesOf(args, '--user')).toEqual(['0:0'])
    expect(valuesOf(args, '--network')).toEqual(['host'])
    expect(valuesOf(args, '--tmpfs')[0]).toBe('/tmp:rw,exec,nosuid,nodev,mode=1777')
    expect(args.slice(args.indexOf('--memory'), args.indexOf('image'))).toEqual([
      ...['--memory', '4g', '--entrypoint', '/usr/bin/claude'],
    ])
  })

  test('hides in the folders of the outside what is to be hidden', () => {
    const me = user('docker-home', '.ssh/id', '.netrc')
    const { args } = isolate({ ...me.spec, cwd: me.path }, me.options('docker'), IDENTITY)
    const hidden = 'rw,noexec,nosuid,nodev,size=64k,mode=755'
    expect(valuesOf(args, '--tmpfs')).toEqual([
      `/tmp:${SCRATCH}`,
      `${me.in('.claude')}:${SCRATCH}`,
      `${me.in('.ssh')}:${hidden}`,
      `${me.in('.config/ccproxy')}:${hidden}`,
    ])
    const netrc = `type=bind,source=/dev/null,target=${me.in('.netrc')},readonly`
    expect(valuesOf(args, '--mount')).toContain(netrc)
  })

  test('quotes a folder whose name has a comma', () => {
    const me = user('docker-comma', 'a,b/')
    const { args } = isolate({ ...me.spec, cwd: me.in('a,b') }, me.options('docker'), IDENTITY)
    const path = me.in('a,b')
    expect(valuesOf(args, '--mount')).toContain(`type=bind,"source=${path}","target=${path}"`)
  })

  test('leaves out the script that an interpreter outside runs', () => {
    const me = user('docker-script')
    const spec = { ...me.spec, command: 'node', args: ['/lib/cli.js', '--verbose'] }
    const { args } = isolate(spec, me.options('docker'), IDENTITY)
    expect(args.slice(args.indexOf('image'))).toEqual(['image', '--verbose'])
  })

  test('gives each container a name of its own and the user of ccproxy', () => {
    const me = user('docker-identity')
    const made = [1, 2].map(() => isolate(me.spec, me.options('docker')).args)
    const names = made.flatMap((args) => valuesOf(args, '--name'))
    expect(new Set(names).size).toBe(2)
    expect(names[0]).toMatch(/^ccproxy-claude-[0-9a-f-]{36}$/)
    const own = `${process.getuid?.()}:${process.getgid?.()}`
    expect(made.flatMap((args) => valuesOf(args, '--user'))).toEqual([own, own])
  })

  test('without an image says what to do', () => {
    const me = user('docker-image')
    expect(() => isolate(me.spec, me.options('docker', { image: undefined }), IDENTITY)).toThrow(
      /sdk\.docker\.image is not set; build an image/,
    )
  })
})

describe('bubblewrap', () => {
  test('makes namespaces and gives up every capability', () => {
    const me = user('bwrap')
    const { command, args, cwd, ending } = isolate(me.spec, me.options('bubblewrap'))
    expect([command, cwd, ending]).toEqual(['bwrap', me.in('work'), undefined])
    expect(args.slice(0, 16)).toEqual([
      ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
      ...['--cap-drop', 'ALL', '--die-with-parent', '--new-session'],
      ...['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc'],
      '--tmpfs',
    ])
    expect(args.slice(-7)).toEqual([
      ...['--chdir', me.in('work'), '--', '/opt/claude', '--verbose', '--model', 'm'],
    ])
  })

  test('lets write the working folder and add_dirs only, and hides secrets', () => {
    const me = user('bwrap-mounts', '.ssh/id', '.netrc', '.claude.json', '.claude/settings.json')
    const { args } = isolate(me.spec, me.options('bubblewrap'))
    const mounts = bwrapMounts(args).filter((each) => each.includes(me.path))
    expect(mounts).toEqual([
      `--bind ${me.in('work')}`,
      `--bind ${me.in('more')}`,
      `--tmpfs ${me.in('.claude')}`,
      `--ro-bind-try ${me.in('.claude.json')}`,
      `--tmpfs ${me.in('.ssh')}`,
      `--ro-bind /dev/null ${me.in('.netrc')}`,
      `--ro-bind-try ${me.in('.claude/settings.json')}`,
      `--tmpfs ${me.in('.config/ccproxy')}`,
      `--remount-ro ${me.in('.ssh')}`,
      `--remount-ro ${me.in('.config/ccproxy')}`,
    ])
    expect(bwrapMounts(args)).toContain('--tmpfs /tmp')
    expect(bwrapMounts(args)).toContain('--tmpfs /run')
  })

  test('mounts a working folder within what is hidden', () => {
    const me = user('bwrap-inner', '.config/ccproxy/work/')
    const cwd = me.in('.config/ccproxy/work')
    const mounts = bwrapMounts(isolate({ ...me.spec, cwd }, me.options('bubblewrap')).args)
    const order = [
      `--tmpfs ${me.in('.config/ccproxy')}`,
      `--bind ${cwd}`,
      `--remount-ro ${me.in('.config/ccproxy')}`,
    ]
    expect(mounts.filter((each) => order.includes(each))).toEqual(order)
  })

  test('hands on the environment but for what leads nowhere inside', () => {
    const me = user('bwrap-env')
    const env = { ...me.spec.env, SSH_AUTH_SOCK: '/run/agent', XDG_RUNTIME_DIR: '/run/user/1' }
    const isolated = isolate({ ...me.spec, env }, me.options('bubblewrap'))
    expect(isolated.env).toEqual({ HOME: me.path, PATH: '/bin', ANTHROPIC_API_KEY: 'sk-secret' })
    expect(isolated.args.join(' ')).not.toContain('sk-secret')
  })

  test('takes its settings, further arguments last', () => {
    const me = user('bwrap-settings')
    const bubblewrap = { command: '/bin/bwrap', network: false, args: ['--bind', '/a', '/a'] }
    const { command, args } = isolate(me.spec, { ...me.options('bubblewrap'), bubblewrap })
    expect(command).toBe('/bin/bwrap')
    expect(args).toContain('--unshare-net')
    expect(args.slice(args.indexOf('--chdir') + 2, args.indexOf('--'))).toEqual(bubblewrap.args)
  })

  test('keeps the program readable wherever it is, and unchanged', () => {
    const me = user('bwrap-program', 'work/claude')
    const { args } = isolate(
      { ...me.spec, command: me.in('work/claude') },
      me.options('bubblewrap'),
    )
    const mounts = bwrapMounts(args)
    expect(mounts.indexOf(`--ro-bind-try ${me.in('work/claude')}`)).toBeGreaterThan(
      mounts.indexOf(`--bind ${me.in('work')}`),
    )
  })
})

describe("Claude Code's own folder", () => {
  const kinds = (me: ReturnType<typeof user>) =>
    bwrapMounts(isolate(me.spec, me.options('bubblewrap')).args)
      .filter((each) => each.includes('.claude'))
      .map((each) => each.replace(`${me.path}/`, ''))

  test('without a login is private: nothing in it is written or made', () => {
    const me = user('state-key', '.claude/agents/a.md', '.claude/projects/p/', '.claude/unknown')
    expect(kinds(me).sort()).toEqual([
      '--ro-bind-try .claude/agents',
      '--ro-bind-try .claude/unknown',
      '--tmpfs .claude',
      '--tmpfs .claude/projects',
    ])
    expect(readdirSync(me.in('.claude')).sort()).toEqual(['agents', 'projects', 'unknown'])
  })

  test('with a login can be written, but not what a Claude Code outside would obey', async () => {
    const files = ['.credentials.json', 'history.jsonl', '.oauth_refresh.lock/', 'unknown']
    const me = user('state-login', ...files.map((file) => `.claude/${file}`))
    writeFileSync(me.in('.claude/settings.json'), '{"model":"opus"}')
    const found = kinds(me)
    expect(found[0]).toBe('--bind .claude')
    expect(found.slice(1).sort()).toEqual([
      ...['--ro-bind /dev/null .claude/history.jsonl'],
      ...['CLAUDE.md', 'agents', 'commands', 'hooks', 'output-styles', 'plugins', 'rules']
        .concat('settings.json', 'settings.local.json', 'skills', 'unknown', 'workflows')
        .map((name) => `--ro-bind-try .claude/${name}`),
      ...['--tmpfs .claude/session-env', '--tmpfs .claude/shell-snapshots'],
    ])
    expect(await Bun.file(me.in('.claude/settings.json')).text()).toBe('{"model":"opus"}')
    expect(await Bun.file(me.in('.claude/settings.local.json')).json()).toEqual({})
  })

  test('is where the environment says', () => {
    const me = user('state-env', 'other/.claude.json', 'login/.credentials.json')
    const env = {
      ...me.spec.env,
      CLAUDE_CONFIG_DIR: me.in('other'),
      CLAUDE_SECURESTORAGE_CONFIG_DIR: me.in('login'),
    }
    const mounts = bwrapMounts(isolate({ ...me.spec, env }, me.options('bubblewrap')).args)
    expect(mounts).toContain(`--tmpfs ${me.in('other')}`)
    expect(mounts).toContain(`--ro-bind-try ${me.in('other/.claude.json')}`)
    expect(mounts).toContain(`--bind ${me.in('login')}`)
    expect(existsSync(me.in('.claude'))).toBe(false)
  })
})
