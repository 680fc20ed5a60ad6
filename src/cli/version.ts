/** The version of this package, which the build writes in. */
export const VERSION: string = __SIGNET_VERSION__;

declare const __SIGNET_VERSION__: string;
