/** How a short run of docker or bwrap ended. */
export type ToolResult =
  | {
      readonly kind: 'done'
      readonly exitCode: number
      readonly stdout: string
      readonly stderr: string
    }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'not-started'; readonly code: string }

/** Runs a program with its arguments that ends by itself. */
export type RunTool = (
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  timeoutMs: number,
) => Promise<ToolResult>

/** More than any answer. */
const MAX_BYTES = 64 * 1024

/** The real `RunTool`. */
export const runTool: RunTool = ([file, ...args], env, timeoutMs) =>
  new Promise((resolve) => {
    // Loaded when first needed: who isolates nothing never pays for it.
    const { execFile } = process.getBuiltinModule('node:child_process')
    const options = {
      env: { ...env },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_BYTES,
      windowsHide: true,
    } as const
    execFile(file, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve({ kind: 'done', exitCode: 0, stdout, stderr })
      const { code, killed } = error
      if (typeof code === 'number') return resolve({ kind: 'done', exitCode: code, stdout, stderr })
      if (killed === true) return resolve({ kind: 'timeout' })
      resolve({ kind: 'not-started', code: String(code ?? error.message) })
    })
  })
