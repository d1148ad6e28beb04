import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A systemd of a user's that only writes down what it was told. */
export interface FakeSystemd {
  /** The folder for PATH. */
  readonly path: string
  /** What was run since the last call, in words. */
  calls(): string[]
  /** Makes it say that the service is up, or not. */
  says(state: string): void
}

/** Makes one in a folder; `fails` names commands that end with 1. */
export function fakeSystemd(
  home: string,
  version = 252,
  fails: readonly string[] = [],
): FakeSystemd {
  const path = join(home, 'fake-bin')
  const log = join(home, 'fake-log')
  const state = join(home, 'fake-state')
  mkdirSync(path)
  writeFileSync(state, 'LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\n')
  for (const name of ['systemctl', 'systemd-run', 'loginctl', 'journalctl', 'launchctl']) {
    const checks = fails.map((one) => `case "$*" in *"${one}"*) echo broken >&2; exit 1;; esac`)
    const script = `#!/bin/sh
echo "${name} $*" >>"${log}"
${checks.join('\n')}
case "$*" in
  --version) echo "systemd ${version} (${version}.1-1)";;
  *LoadState*) cat "${state}";;
esac
`
    writeFileSync(join(path, name), script)
    chmodSync(join(path, name), 0o755)
  }
  return {
    path,
    calls() {
      const text = existsSync(log) ? readFileSync(log, 'utf8') : ''
      writeFileSync(log, '')
      // A look changes nothing.
      return text
        .trim()
        .split('\n')
        .filter((line) => !/--version| show |show-user|^systemd-run|^$/.test(line))
    },
    says: (text) => writeFileSync(state, text),
  }
}
