#pragma once
/* The commands of every role, as doctor tries them. Words that begin with '@' stand for keys
 * and channels; each list ends with NULL. */
extern const char *const role_any_worker[],
    *const role_stage_worker[],
        *const role_parker[],
            *const role_sender[],
                *const role_output[],
                    *const role_job[],
                        *const role_dispatcher[],
                            *const role_door_out[],
                                *const role_keeper[],
                                    *const role_applier[],
                                        *const role_producer[],
                                            *const role_reader[],
                                                *const role_mover[],
                                                    *const role_prober[],
                                                        *const role_once[],
                                                            *const role_table[],
                                                                *const role_loader[],
                                                                    *const role_enricher[];
