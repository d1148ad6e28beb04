import { type RunResult, runToEnd } from '../../kit/run-to-end.ts'

/** How a short run of docker or bwrap ended. */
export type ToolResult = RunResult

/** Runs a program with its arguments that ends by itself. */
export type RunTool = (
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
  timeoutMs: number,
) => Promise<ToolResult>

/** The real `RunTool`. */
export const runTool: RunTool = (command, env, timeoutMs) =>
  runToEnd(command, { env, timeoutMs, stderr: true })
