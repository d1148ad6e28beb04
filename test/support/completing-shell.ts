import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ccproxyCommand } from './ccproxy.ts'
import { tempDir } from './child.ts'
import { shellQuoted } from './shell-quoted.ts'

/** A home whose PATH has ccproxy, with a config file that names a provider and some files to complete. */
export function completingHome() {
  const home = tempDir()
  const bin = join(home.path, 'bin')
  mkdirSync(bin)
  const command = ccproxyCommand([]).map(shellQuoted).join(' ')
  writeFileSync(join(bin, 'ccproxy'), `#!/bin/sh\nexec ${command} "$@"\n`)
  chmodSync(join(bin, 'ccproxy'), 0o755)
  const toml = '[providers.my-gateway]\nkind = "openai"\nbase_url = "http://127.0.0.1:1/v1"\n'
  writeFileSync(join(home.path, 'ccproxy.toml'), toml)
  writeFileSync(join(home.path, 'team settings.toml'), '')
  mkdirSync(join(home.path, 'teamwork'))
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home.path,
    TERM: 'xterm-256color',
    LC_ALL: 'C.UTF-8',
  }
  return { path: home.path, env, remove: () => home.remove() }
}

/** What every shell is to offer for a line. */
export const OFFERS: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['ccproxy conf', ['config']],
  ['ccproxy config s', ['show', 'schema']],
  ['ccproxy service st', ['start', 'stop', 'status']],
  ['ccproxy --mode ', ['full', 'api', 'min', 'pt', 'sdk']],
  ['ccproxy serve --log-format p', ['pretty', 'plain']],
  ['ccproxy serve --provider my', ['my-gateway']],
  ['ccproxy completion ', ['bash', 'zsh', 'fish', 'powershell']],
  ['ccproxy help config pa', ['path']],
  ['ccproxy doctor --js', ['--json']],
]
