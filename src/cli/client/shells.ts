import { ProxyError } from '../../kit/error.ts'

/** How a shell is told of a variable. */
export interface Shell {
  /** Gives a whole line; throws where the shell cannot hold such a value. */
  set(name: string, value: string): string
  unset(name: string): string
  /** How its user makes the lines count. */
  readonly use: string
}

const posix: Shell = {
  set: (name, value) => `export ${name}='${value.replaceAll("'", "'\\''")}'`,
  unset: (name) => `unset ${name}`,
  use: 'eval "$(ccproxy env)"',
}

const fish: Shell = {
  // The semicolon is for those who write `eval (ccproxy env)`, which joins the lines.
  set: (name, value) => `set -gx ${name} '${value.replace(/[\\']/g, '\\$&')}';`,
  unset: (name) => `set -e ${name};`,
  use: 'ccproxy env | source',
}

const powershell: Shell = {
  // PowerShell takes typographic quotes for plain ones.
  set: (name, value) => `$env:${name} = '${value.replace(/['\u2018-\u201b]/g, '$&$&')}'`,
  unset: (name) => `Remove-Item Env:${name} -ErrorAction SilentlyContinue`,
  use: 'ccproxy env | Out-String | Invoke-Expression',
}

const cmd: Shell = {
  set(name, value) {
    // No quoting holds these there, and what follows a quotation mark would run.
    if (/["\r\n]/.test(value)) {
      const text = `cmd cannot hold the value of ${name}: it has a quotation mark or a line break; use --shell powershell`
      throw new ProxyError('invalid_request', text)
    }
    return `set "${name}=${value.replaceAll('%', '%%')}"`
  },
  unset: (name) => `set "${name}="`,
  use: 'ccproxy env --shell cmd > ccproxy-env.cmd && call ccproxy-env.cmd',
}

/** Every shell that lines are written for. */
export const SHELLS: Readonly<Record<string, Shell>> = {
  bash: posix,
  zsh: posix,
  fish,
  powershell,
  cmd,
}
