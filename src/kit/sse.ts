/** One server-sent event: its name (empty where none was sent) and its data lines joined by `\n`. */
export interface SseFrame {
  readonly event: string
  readonly data: string
}
