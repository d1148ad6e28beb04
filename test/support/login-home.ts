import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type StoredLogin, withLogin } from '../../src/auth/stored-login.ts'
import { tempDir } from './child.ts'

/** A folder in which several ccproxy processes find the same plan login. */
export interface LoginHome {
  readonly path: string
  /** The credentials file. */
  readonly file: string
  /** What leads a process here. */
  readonly env: Readonly<Record<string, string>>
  /** Stores a login as `auth login` does, without its acceptance where told. */
  write(login: StoredLogin, accepted?: boolean): void
  /** The file's text, or nothing. */
  read(): string
  remove(): void
}

/** Makes a fresh one. */
export function loginHome(): LoginHome {
  const folder = tempDir()
  const file = join(folder.path, 'ccproxy', 'credentials.json')
  return {
    path: folder.path,
    file,
    env: { XDG_CONFIG_HOME: folder.path },
    write(login, accepted = true) {
      mkdirSync(join(folder.path, 'ccproxy'), { recursive: true, mode: 0o700 })
      const acceptance = accepted ? { termsAcceptedAt: '2026-11-21T10:00:00.000Z' } : {}
      writeFileSync(file, JSON.stringify({ ...withLogin({}, login), ...acceptance }), {
        mode: 0o600,
      })
    },
    read: () => (existsSync(file) ? readFileSync(file, 'utf8') : ''),
    remove: () => folder.remove(),
  }
}
