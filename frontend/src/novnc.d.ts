/** The part of noVNC's documented interface (docs/API.md of 1.7.0) that the page uses. */
declare module "@novnc/novnc" {
  interface RFBEvents {
    connect: CustomEvent<Record<string, never>>;
    disconnect: CustomEvent<{ clean: boolean }>;
    credentialsrequired: CustomEvent<{ types: string[] }>;
    securityfailure: CustomEvent<{ status: number; reason?: string }>;
  }

  export default class RFB {
    constructor(target: HTMLElement, channel: WebSocket);
    scaleViewport: boolean;
    background: string;
    addEventListener<K extends keyof RFBEvents>(type: K, listener: (event: RFBEvents[K]) => void): void;
    sendKey(keysym: number, code: string, down: boolean): void;
    focus(options?: FocusOptions): void;
    disconnect(): void;
  }
}
