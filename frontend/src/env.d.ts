/** Style sheets as Vite gives them: files of their own, or with `?inline` their text. */
declare module "*.css";
declare module "*.css?inline" {
  const text: string;
  export default text;
}
