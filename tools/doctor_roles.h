#pragma once
/* The commands of every role, as doctor tries them. Words that begin with '@' stand for keys
 * and channels; each list ends with NULL. */
extern const char *const role_any_worker[];
extern const char *const role_stage_worker[];
extern const char *const role_parker[];
extern const char *const role_sender[];
extern const char *const role_output[];
extern const char *const role_job[];
extern const char *const role_dispatcher[];
extern const char *const role_door_out[];
extern const char *const role_keeper[];
extern const char *const role_applier[];
extern const char *const role_producer[];
extern const char *const role_reader[];
extern const char *const role_mover[];
extern const char *const role_prober[];
extern const char *const role_once[];
extern const char *const role_table[];
extern const char *const role_loader[];
extern const char *const role_lookup[];
extern const char *const role_dropper[];
extern const char *const role_recounter[];
