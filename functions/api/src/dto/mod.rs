//! What goes over the wire, in and out: one module a resource. Nothing here decides anything.

pub mod account;
pub mod accuracy;
pub mod alert;
pub mod assessment;
pub mod audit;
pub mod backtest;
pub mod batch;
pub mod import;
pub mod integration;
pub mod me;
pub mod model;
pub mod outlook;
pub mod page;
pub mod playbook;
pub mod product;
pub mod profile;
pub mod rows;
pub mod settings;
pub mod today;
pub mod tone;
pub mod webhook;
pub mod words;
pub mod work;
