// The page's entry: opens the event stream and draws the app.
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./page.css";
import { App } from "./app";
import { connect } from "./live";

const root = document.getElementById("page");
if (root) {
  connect();
  render(<App />, root);
}
