import { describe, expect, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '../../src/config/load.ts'
import { loadIn, messageIn } from './load-in.ts'

const port = (number: number) => `[server]\nport = ${number}\n`

describe('the search for the config file', () => {
  const places = [
    '/project/sub/.ccproxy.toml',
    '/project/sub/ccproxy.toml',
    '/project/.ccproxy.toml',
    '/project/ccproxy.toml',
    '/home/me/.config/ccproxy/config.toml',
  ]
  for (const [index, path] of places.entries()) {
    test(`${path} is read where none before it exists`, async () => {
      const later = Object.fromEntries(
        places.slice(index).map((one, at) => [one, port(index + at)]),
      )
      const files = { '/project/.git/HEAD': 'ref: x', ...later }
      const { settings, file } = await loadIn({ files, cwd: '/project/sub' })
      expect(settings.server.port).toBe(index)
      expect(file).toBe(path)
    })
  }

  test('a worktree, whose .git is a file, is a git root too', async () => {
    const files = { '/project/.git': 'gitdir: /elsewhere', '/project/ccproxy.toml': port(7) }
    expect((await loadIn({ files, cwd: '/project/a/b' })).settings.server.port).toBe(7)
  })

  test('folders between the working folder and the git root are not searched', async () => {
    const files = { '/project/.git/HEAD': 'x', '/project/a/ccproxy.toml': port(7) }
    expect((await loadIn({ files, cwd: '/project/a/b' })).settings.server.port).toBe(8000)
  })

  test('XDG_CONFIG_HOME moves the user file', async () => {
    const files = {
      '/xdg/ccproxy/config.toml': port(7),
      '/home/me/.config/ccproxy/config.toml': port(8),
    }
    const { settings, sources } = await loadIn({ files, env: { XDG_CONFIG_HOME: '/xdg' } })
    expect(settings.server.port).toBe(7)
    expect(sources.get('server.port')).toBe('file /xdg/ccproxy/config.toml')
  })

  test('--config wins over CCPROXY_CONFIG, and that over the search', async () => {
    const files = {
      '/project/ccproxy.toml': port(1),
      '/home/me/b.toml': port(2),
      '/project/c.toml': port(3),
    }
    const env = { CCPROXY_CONFIG: '~/b.toml' }
    expect((await loadIn({ files, env })).sources.get('server.port')).toBe('file ~/b.toml')
    const flags = { config: 'c.toml' }
    expect((await loadIn({ files, env, flags })).settings.server.port).toBe(3)
  })

  test('a named file that is not there is an error, one that cannot be read too', async () => {
    expect(await messageIn({ flags: { config: 'x.toml' } })).toBe(
      'Cannot read config "./x.toml": it does not exist, but flag --config names it (run "ccproxy config init" to make one)',
    )
    expect(await messageIn({ env: { CCPROXY_CONFIG: '/etc/x.toml' } })).toContain(
      'Cannot read config "/etc/x.toml": it does not exist, but environment CCPROXY_CONFIG names it',
    )
    const folder = mkdtempSync(join(tmpdir(), 'ccproxy-config-'))
    try {
      const options = { env: {}, cwd: folder, home: folder }
      expect(loadSettings({ ...options, flags: { config: folder } })).rejects.toThrow('EISDIR')
      mkdirSync(join(folder, '.env'))
      const { warnings } = await loadSettings(options)
      expect(warnings[0]).toStartWith('.env is ignored: EISDIR')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('.env', () => {
  test('is read with quotes, comments and export', async () => {
    const text = '# mine\nexport HOST="::1"\nPORT=9 # nine\nAUTH_TOKEN=\'a#b\'\n'
    const { settings, sources } = await loadIn({ files: { '/project/.env': text } })
    expect(settings.server).toMatchObject({ host: '::1', port: 9 })
    expect(settings.security.auth_token?.reveal()).toBe('a#b')
    expect(sources.get('security.auth_token')).toBe('.env AUTH_TOKEN')
  })
})

describe('variables in the file', () => {
  const file = '/project/ccproxy.toml'

  test('$NAME, with braces or without, comes from the environment, then from .env', async () => {
    const toml = [
      '[security]',
      'auth_token = "$KEY"',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the file's own syntax
      'allowed_hosts = ["${A}.example", "x-$B"]',
      '[server]',
      'port = "$MY_PORT"',
      '[providers.anthropic.headers]',
      'x-price = "$$5 and $ 6 and $KEY"',
    ].join('\n')
    const { settings } = await loadIn({
      files: { [file]: toml, '/project/.env': 'B=dot\nA=wrong' },
      env: { KEY: 'k', A: 'a', MY_PORT: '99' },
    })
    expect(settings.security.auth_token?.reveal()).toBe('k')
    expect(settings.security.allowed_hosts).toEqual(['a.example', 'x-dot'])
    expect(settings.server.port).toBe(99)
    expect(settings.providers.anthropic?.headers).toEqual({ 'x-price': '$5 and $ 6 and k' })
  })

  test('an unset one is an error that names key and variable', async () => {
    const files = { [file]: '[security]\nauth_token = "$NOPE"\n' }
    expect(await messageIn({ files })).toBe(
      'Cannot read config "./ccproxy.toml:2:1": security.auth_token uses $NOPE, which is not set (set it, or write $$NOPE for the text itself)',
    )
  })

  test('a TOML date is read as text', async () => {
    const files = { [file]: '[[security.tokens]]\nname = "a"\ntoken = "b"\nexpires = 2030-01-02\n' }
    expect((await loadIn({ files })).settings.security.tokens[0]?.expires).toBe('2030-01-02')
  })
})

describe('what a folder of somebody else may hold', () => {
  async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'ccproxy-config-'))
    try {
      await work(folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const load = (cwd: string) => loadSettings({ env: {}, cwd, home: join(cwd, 'home') })

  test('a link to a device is not read, which would never end', async () => {
    await inFolder(async (folder) => {
      symlinkSync('/dev/zero', join(folder, '.env'))
      const { warnings } = await load(folder)
      expect(warnings[0]).toBe('.env is ignored: it is no regular file')
      symlinkSync('/dev/zero', join(folder, 'ccproxy.toml'))
      await expect(load(folder)).rejects.toThrow(
        'Cannot read config "./ccproxy.toml": it is no regular file',
      )
    })
  })

  test('what a shell substitutes for a file is read', async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, 'a.toml'), port(5))
      const command = `cat <(cat a.toml) && exec ${process.execPath} ${join(import.meta.dir, '../../src/main.ts')} config validate --config <(cat a.toml)`
      const ran = Bun.spawnSync(['bash', '-c', command], { cwd: folder, env: process.env })
      expect(ran.stdout.toString()).toContain('The settings are valid')
    })
  })

  test.skipIf(process.getuid?.() !== 0)(
    'a file that another user has put where all may write is not obeyed',
    async () => {
      await inFolder(async (folder) => {
        for (const name of ['.ccproxy.toml', '.env']) {
          writeFileSync(join(folder, name), name === '.env' ? 'PORT=7\n' : port(5))
          chownSync(join(folder, name), 65534, 65534)
        }
        expect((await load(folder)).settings.server.port).toBe(7)
        chmodSync(folder, 0o1777)
        await expect(load(folder)).rejects.toThrow(
          'Cannot read config "./.ccproxy.toml": it belongs to another user, in a folder that all may write',
        )
        rmSync(join(folder, '.ccproxy.toml'))
        const { settings, warnings } = await load(folder)
        expect(settings.server.port).toBe(8000)
        expect(warnings[0]).toStartWith('.env is ignored: it belongs to another user')
      })
    },
  )
})
