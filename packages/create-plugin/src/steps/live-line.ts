/** A line on a terminal that says what is going on, until it is cleared. */
export interface LiveLine {
  show(text: string): void;
  clear(): void;
}

interface Terminal {
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** It moves each time something is shown, so it stops when nothing happens. */
export function openLiveLine(terminal: Terminal): LiveLine {
  let frame = 0;
  return {
    show(text) {
      frame = (frame + 1) % frames.length;
      const room = Math.max(20, terminal.columns ?? 80) - 4;
      terminal.write(`\r\u001B[2K${frames[frame]} ${[...text].slice(0, room).join('')}`);
    },
    clear: () => void terminal.write('\r\u001B[2K'),
  };
}
